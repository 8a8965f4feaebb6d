"""What a charger that agreed to a command will tell afterwards: intent → the facts that show its effect."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from domain.chargers import der, device_model, drivers, firmware, security, smart_charging
from domain.chargers import events as charger
from domain.commands.der import GetDERControl
from domain.commands.drivers import CustomerInformation, GetDisplayMessages, RequestBatterySwap, ReserveNow
from domain.commands.files import GetLog, PublishFirmware, UpdateFirmware
from domain.commands.intent import Answer, Intent
from domain.commands.load import GetChargingProfiles
from domain.commands.monitoring import GetMonitoringReport
from domain.commands.settings import GetReport, ReadSettings
from domain.commands.transactions import RemoteStart, RemoteStop
from domain.commands.upkeep import ChangeAvailability, Reset, TriggerMessage
from domain.event import Event, Fact
from domain.transactions import events as transaction

WINDOW_S = 60
RESET_S = 600
"""A charger may take minutes to come back."""
LOG_S = 3600
LONG_S = 6 * 3600
"""Firmware, and what a charger does when it is idle (`Scheduled`)."""


class Observed(msgspec.Struct, frozen=True):
    """The effect itself."""

    words: str


class Step(msgspec.Struct, frozen=True):
    """Something on the way to it."""

    words: str


class Failure(msgspec.Struct, frozen=True):
    """The charger could not do it after all."""

    words: str


Sight: TypeAlias = Observed | Step | Failure
Match: TypeAlias = Callable[[Event[Any], str], Sight | None]
"""(an event of the charger, the charger's own name of the event's transaction) → what it shows."""


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What will be seen of a command."""

    words: str
    match: Match
    window_s: int = WINDOW_S
    not_before: datetime | None = None
    """The window opens then, where that is after the answer."""


def expectation(intent: Intent, answer: Answer | None = None) -> Expectation | None:
    """What is to follow; None where the answer says it all, or nothing is told afterwards."""
    make = EXPECTATIONS.get(type(intent))
    found = make(intent) if make is not None else None
    if found is None or answer is None:
        return found
    if answer.result and type(intent) in TOLD_IN_ANSWER:
        return None
    if answer.status == "Scheduled":
        return msgspec.structs.replace(found, window_s=max(LONG_S, found.window_s))
    return found


def _remote_start(intent: RemoteStart) -> Expectation:
    """2.x: by the number it carries; 1.6: by token and EVSE. A cable plugged before shows a token alone (F02)."""

    def match(event: Event[Any], name: str) -> Sight | None:
        fact = event.fact
        if not isinstance(fact, transaction.Started | transaction.TokenShown):
            return None
        number = getattr(fact, "remote_start_id", None)
        if number is not None:
            return Observed("the transaction started") if number == intent.request_id else None
        if fact.id_token is None or fact.id_token.key != intent.id_token.key:
            return None
        if isinstance(fact, transaction.TokenShown):
            return Observed("the driver was let into a transaction")
        here = intent.evse_id in (None, 0, fact.evse_id)
        return Observed("the transaction started") if here else None

    return Expectation(words="a transaction for the token", match=match)


def _remote_stop(intent: RemoteStop) -> Expectation:
    """Where nobody remembers the number of a 1.6 transaction, its reason tells (1.6 §4.10)."""

    def match(event: Event[Any], name: str) -> Sight | None:
        if not isinstance(event.fact, transaction.Ended):
            return None
        meant = name == intent.transaction if name else event.fact.reason == "Remote"
        return Observed("the transaction ended") if meant else None

    return Expectation(words="the end of the transaction", match=match)


def _reset(intent: Reset) -> Expectation | None:
    """Nothing tells that a single EVSE was restarted."""
    if intent.evse_id:
        return None

    def match(event: Event[Any], name: str) -> Sight | None:
        match event.fact:
            case charger.Disconnected():
                return Step("disconnected")
            case charger.Connected():
                return Observed("the charger connected again")
            case charger.Booted(repeated=False):
                return Observed("the charger booted")
            case _:
                return None

    return Expectation(words="a restart", match=match, window_s=RESET_S)


def _status(words: str, accepts: Callable[[charger.StatusReported], bool]) -> Expectation:
    def match(event: Event[Any], name: str) -> Sight | None:
        fact = event.fact
        if not isinstance(fact, charger.StatusReported) or not accepts(fact):
            return None
        place = f"EVSE {fact.evse_id}" if fact.evse_id else "the charger"
        return Observed(f"{place} is {fact.status}")

    return Expectation(words=words, match=match)


def _change_availability(intent: ChangeAvailability) -> Expectation:
    def accepts(fact: charger.StatusReported) -> bool:
        if intent.evse_id and fact.evse_id != intent.evse_id:
            return False
        if intent.evse_id and intent.connector_id not in (None, fact.connector_id):
            return False
        return (fact.status != "Unavailable") is intent.operative

    return _status("a status in service" if intent.operative else "the status Unavailable", accepts)


def _reserve_now(intent: ReserveNow) -> Expectation | None:
    """A reservation of any EVSE shows in no status while others are free (2.x H01)."""
    if not intent.evse_id:
        return None
    return _status(
        "the status Reserved", lambda fact: fact.status == "Reserved" and fact.evse_id == intent.evse_id
    )


def _is_request(told: int | None, asked: int) -> bool:
    """Plain 1.6 tells no number."""
    return told is None or not asked or told == asked


def _update_firmware(intent: UpdateFirmware) -> Expectation:
    def match(event: Event[Any], name: str) -> Sight | None:
        fact = event.fact
        if not isinstance(fact, firmware.FirmwareStatusReported):
            return None
        return _step(fact.status, "Installed") if _is_request(fact.request_id, intent.request_id) else None

    latest = max(filter(None, (intent.retrieve_at, intent.install_at)))
    return Expectation(words="the status Installed", match=match, window_s=LONG_S, not_before=latest)


def _publish_firmware(intent: PublishFirmware) -> Expectation:
    def match(event: Event[Any], name: str) -> Sight | None:
        fact = event.fact
        if not isinstance(fact, firmware.FirmwarePublicationReported):
            return None
        return _step(fact.status, "Published") if _is_request(fact.request_id, intent.request_id) else None

    return Expectation(words="the status Published", match=match, window_s=LONG_S)


def _get_log(intent: GetLog) -> Expectation:
    def match(event: Event[Any], name: str) -> Sight | None:
        fact = event.fact
        if not isinstance(fact, firmware.LogUploadReported):
            return None
        return _step(fact.status, "Uploaded") if _is_request(fact.request_id, intent.request_id) else None

    return Expectation(words="the status Uploaded", match=match, window_s=LOG_S)


_FAILURES = frozenset({"RevokedCertificate", "PermissionDenied", "BadMessage", "NotSupportedOperation"})


def _step(status: str, goal: str) -> Sight | None:
    if status == goal:
        return Observed(status)
    if status == "Idle":
        return None
    failed = "Fail" in status or status.startswith("Invalid") or status in _FAILURES or "Cancel" in status
    return Failure(status) if failed else Step(status)


def _report(kind: type[Fact]) -> Callable[[Any], Expectation]:
    """The last part of what is told under the request's number."""

    def make(intent: Any) -> Expectation:
        def match(event: Event[Any], name: str) -> Sight | None:
            fact = event.fact
            if type(fact) is not kind or getattr(fact, "request_id", None) != intent.request_id:
                return None
            return None if getattr(fact, "more", False) else Observed("the report is complete")

        return Expectation(words="a report", match=match)

    return make


def _read_settings(intent: ReadSettings) -> Expectation | None:
    """Single settings are in the answer."""
    return None if intent.names else _report(device_model.VariablesReported)(intent)


def _customer_information(intent: CustomerInformation) -> Expectation | None:
    return _report(drivers.CustomerInformationReported)(intent) if intent.report else None


def _swap_batteries(intent: RequestBatterySwap) -> Expectation:
    def match(event: Event[Any], name: str) -> Sight | None:
        fact = event.fact
        if not isinstance(fact, drivers.BatterySwapped) or fact.request_id != intent.request_id:
            return None
        if fact.step == "BatteryOut":
            return Observed(fact.step)
        return Failure(fact.step) if fact.step == "BatteryOutTimeout" else Step(fact.step)

    return Expectation(words="batteries taken out", match=match, window_s=RESET_S)


_TRIGGERED: Mapping[str, tuple[type[Fact], ...]] = {
    "BootNotification": (charger.Booted,),
    "Heartbeat": (charger.HeartbeatReceived,),
    "StatusNotification": (charger.StatusReported,),
    "MeterValues": (charger.Metered, transaction.Metered),
    "TransactionEvent": (
        transaction.Metered,
        transaction.ChargingStateChanged,
        transaction.Noted,
        transaction.Started,
        transaction.Ended,
    ),
    "FirmwareStatusNotification": (firmware.FirmwareStatusReported,),
    "PublishFirmwareStatusNotification": (firmware.FirmwarePublicationReported,),
    "LogStatusNotification": (firmware.LogUploadReported,),
    "SignChargingStationCertificate": (security.SignatureRequested,),
    "SignV2GCertificate": (security.SignatureRequested,),
    "SignV2G20Certificate": (security.SignatureRequested,),
    "SignCombinedCertificate": (security.SignatureRequested,),
}
"""Message → the facts it becomes."""


def _trigger_message(intent: TriggerMessage) -> Expectation | None:
    kinds = _TRIGGERED.get(intent.message)
    if kinds is None:
        return None

    def match(event: Event[Any], name: str) -> Sight | None:
        evse_id = getattr(event.fact, "evse_id", None)
        if type(event.fact) not in kinds or (intent.evse_id and evse_id not in (None, intent.evse_id)):
            return None
        return Observed(f"the {intent.message} came")

    return Expectation(words=f"a {intent.message}", match=match)


EXPECTATIONS: Mapping[type[Intent], Callable[[Any], Expectation | None]] = {
    RemoteStart: _remote_start,
    RemoteStop: _remote_stop,
    Reset: _reset,
    ChangeAvailability: _change_availability,
    TriggerMessage: _trigger_message,
    ReserveNow: _reserve_now,
    UpdateFirmware: _update_firmware,
    PublishFirmware: _publish_firmware,
    GetLog: _get_log,
    ReadSettings: _read_settings,
    GetReport: _report(device_model.VariablesReported),
    GetMonitoringReport: _report(device_model.MonitorsReported),
    GetChargingProfiles: _report(smart_charging.ProfilesReported),
    GetDERControl: _report(der.DerControlsReported),
    GetDisplayMessages: _report(drivers.DisplayMessagesReported),
    CustomerInformation: _customer_information,
    RequestBatterySwap: _swap_batteries,
}
"""Every other intent is done with its answer (UnlockConnector, SetChargingProfile …)."""

TOLD_IN_ANSWER: frozenset[type[Intent]] = frozenset({ReadSettings})
"""Intents that one version answers with what another tells in reports afterwards."""

SHOWN_BY: tuple[type[Fact], ...] = (
    charger.Booted,
    charger.Connected,
    charger.Disconnected,
    charger.HeartbeatReceived,
    charger.Metered,
    charger.StatusReported,
    firmware.FirmwarePublicationReported,
    firmware.FirmwareStatusReported,
    firmware.LogUploadReported,
    security.SignatureRequested,
    device_model.VariablesReported,
    device_model.MonitorsReported,
    smart_charging.ProfilesReported,
    drivers.BatterySwapped,
    drivers.CustomerInformationReported,
    drivers.DisplayMessagesReported,
    der.DerControlsReported,
    transaction.Started,
    transaction.TokenShown,
    transaction.Metered,
    transaction.ChargingStateChanged,
    transaction.Noted,
    transaction.Ended,
)
"""The facts an effect may be seen in."""
