"""What chargers answer, in our words: verdicts by the specification, results in our shapes."""

from typing import Any

import msgspec
import pytest

from adapters.ocpp.answers import AGREEING
from adapters.ocpp.offering import CALLS, understand
from adapters.ocpp.schemas import Kind, catalogue
from adapters.ocpp.versions import Version
from domain.charging_profiles.profile import Schedule
from domain.commands.certificates import GetInstalledCertificateIds
from domain.commands.drivers import GetLocalListVersion
from domain.commands.files import GetLog, UnpublishFirmware, UpdateFirmware
from domain.commands.intent import Intent, Verdict
from domain.commands.load import ClearChargingProfile, GetCompositeSchedule
from domain.commands.monitoring import ClearVariableMonitoring
from domain.commands.settings import ChangePassword, ChangeSettings, ReadSettings
from domain.commands.tariffs import GetTariffs
from domain.commands.transactions import GetTransactionStatus, RemoteStart, UnlockConnector
from domain.commands.upkeep import ChangeAvailability, DataTransfer, Raw
from tests.adapters.ocpp.calls.examples import AT, TOKEN, URL

V16, V201, V21 = Version.V16, Version.V201, Version.V21
UNLOCK = UnlockConnector(evse_id=1)
OUT_OF_SERVICE = ChangeAvailability(operative=False)
READ = ReadSettings(names=("AuthCtrlr.Enabled", "ocppcommctrlr.MessageTimeout.Default", "No.Such"))


def part(component: str, variable: str, instance: str = "") -> dict[str, Any]:
    """Component and variable as 2.x writes them."""
    named = {"name": variable} | ({"instance": instance} if instance else {})
    return {"component": {"name": component}, "variable": named}


def schedule(**period: Any) -> dict[str, Any]:
    """An accepted composite schedule of 2.x."""
    held = {
        "chargingSchedulePeriod": [{"startPeriod": 0, **period}],
        "evseId": 1, "duration": 60, "scheduleStart": "2026-11-22T12:00:00Z", "chargingRateUnit": "A",
    }  # fmt: skip
    return {"status": "Accepted", "schedule": held}


@pytest.mark.parametrize(
    ("version", "intent", "action", "status", "verdict"),
    [
        (V16, UNLOCK, "UnlockConnector", "Unlocked", Verdict.AGREED),
        (V16, UNLOCK, "UnlockConnector", "NotSupported", Verdict.REFUSED),
        (V201, UNLOCK, "UnlockConnector", "OngoingAuthorizedTransaction", Verdict.REFUSED),
        (V16, OUT_OF_SERVICE, "ChangeAvailability", "Scheduled", Verdict.AGREED),
        (V16, ChangeSettings(values={"a": "1"}), "ChangeConfiguration", "RebootRequired", Verdict.AGREED),
        (V16, ChangePassword(credential_id="c"), "ChangeConfiguration", "NotSupported", Verdict.REFUSED),
        (V16, ClearChargingProfile(profile_id=1), "ClearChargingProfile", "Unknown", Verdict.REFUSED),
        (V201, UnpublishFirmware(checksum="0" * 32), "UnpublishFirmware", "Unpublished", Verdict.AGREED),
        (V201, GetLog(location=URL), "GetLog", "AcceptedCanceled", Verdict.AGREED),
        (V201, ReadSettings(), "GetBaseReport", "EmptyResultSet", Verdict.REFUSED),
        (V16, GetInstalledCertificateIds(kinds=("CSMSRootCertificate",)), "GetInstalledCertificateIds", "NotFound",
         Verdict.AGREED),
        (V201, GetInstalledCertificateIds(), "GetInstalledCertificateIds", "NotFound", Verdict.AGREED),
        (V21, GetTariffs(), "GetTariffs", "NoTariff", Verdict.AGREED),
        (V21, GetTariffs(), "GetTariffs", "Rejected", Verdict.REFUSED),
    ],
)  # fmt: skip
def test_a_status_is_consent_or_refusal(
    version: Version, intent: Intent, action: str, status: str, verdict: Verdict
) -> None:
    answer = understand(version, intent, action, {"status": status})
    assert (answer.status, answer.verdict) == (status, verdict)


def test_every_status_of_every_answer_has_been_judged() -> None:
    """A new word of a later schema must not become a refusal unseen."""
    refusing = {
        "Rejected", "NotSupported", "Failed", "VersionMismatch", "UnlockFailed", "Occupied", "Faulted", "Unavailable",
        "Unknown", "NotFound", "NotImplemented", "UnknownMessageId", "UnknownVendorId", "InvalidCertificate",
        "RevokedCertificate", "EmptyResultSet", "NoProfiles", "NoProfile", "NoFirmware", "DownloadOngoing", "Invalid",
        "OngoingAuthorizedTransaction", "UnknownConnector", "NotSupportedMessageFormat", "NotSupportedPriority",
        "NotSupportedState", "UnknownTransaction", "NoTariff", "TooManyElements", "ConditionNotSupported",
        "DuplicateTariffId", "TxNotFound", "NoCurrencyChange", "LanguageNotSupported",
    }  # fmt: skip
    found: set[str] = set()
    for version in Version:
        for operation in CALLS[version].values():
            for action in operation.ACTIONS:
                message = catalogue(version).message(Kind.ANSWER, action)
                assert message is not None
                status = message.schema["properties"].get("status", {})
                name = status.get("$ref", "").rpartition("/")[2]
                found |= set(
                    status.get("enum") or message.schema.get("definitions", {}).get(name, {}).get("enum", [])
                )
    assert found <= AGREEING | refusing
    assert found >= refusing


def test_a_reason_is_told_with_its_words() -> None:
    told = {"status": "Rejected", "statusInfo": {"reasonCode": "TxInProgress", "additionalInfo": "EVSE 2"}}
    assert understand(V201, OUT_OF_SERVICE, "ChangeAvailability", told).reason == "TxInProgress EVSE 2"


def test_settings_of_1_6() -> None:
    told = {
        "configurationKey": [
            {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
            {"key": "AuthorizationKey", "readonly": False},
        ],
        "unknownKey": ["Foo"],
    }
    assert understand(V16, ReadSettings(), "GetConfiguration", told).result == {
        "settings": [
            {"name": "HeartbeatInterval", "value": "300", "readonly": False},
            {"name": "AuthorizationKey", "value": None, "readonly": False},
        ],
        "unknown": ["Foo"],
    }
    assert understand(V16, ReadSettings(), "GetConfiguration", {}).result == {"settings": [], "unknown": []}


def test_settings_of_2_x_are_called_as_they_were_asked_for() -> None:
    told = {
        "getVariableResult": [
            {"attributeStatus": "Accepted", "attributeValue": "true", **part("AuthCtrlr", "Enabled")},
            {"attributeStatus": "Rejected", **part("OCPPCommCtrlr", "MessageTimeout", "Default")},
            {"attributeStatus": "UnknownComponent", **part("No", "Such")},
            {"attributeStatus": "Accepted", "attributeValue": "1", **part("Extra", "One", "a")},
        ]
    }
    assert understand(V201, READ, "GetVariables", told).result == {
        "settings": [{"name": "AuthCtrlr.Enabled", "value": "true"}, {"name": "Extra.One[a]", "value": "1"}],
        "unknown": ["No.Such"],
        "refused": [{"name": "ocppcommctrlr.MessageTimeout.Default", "status": "Rejected"}],
    }


@pytest.mark.parametrize(
    ("first", "second", "status", "verdict"),
    [
        ("Accepted", "Accepted", "Accepted", Verdict.AGREED),
        ("Accepted", "RebootRequired", "RebootRequired", Verdict.AGREED),
        ("RebootRequired", "UnknownVariable", "UnknownVariable", Verdict.REFUSED),
        ("Accepted", None, "", Verdict.REFUSED),
    ],
)
def test_variables_are_set_only_if_every_one_was_taken(
    first: str, second: str | None, status: str, verdict: Verdict
) -> None:
    intent = ChangeSettings(values={"A.B": "1", "C.D": "2"})
    told = [{"attributeStatus": first, **part("A", "B")}]
    if second is not None:
        info = {"reasonCode": "Because", "additionalInfo": "of it"}
        told.append({"attributeStatus": second, "attributeStatusInfo": info, **part("C", "D")})
    answer = understand(V201, intent, "SetVariables", {"setVariableResult": told})
    assert (answer.status, answer.verdict) == (status, verdict)
    assert answer.result == {"settings": {"A.B": first, "C.D": second or ""}}
    assert answer.reason == ("C.D: Because of it" if second else "")


def test_a_composite_schedule_is_one_of_ours() -> None:
    intent = GetCompositeSchedule(duration_s=60, evse_id=1)
    told = {
        "status": "Accepted", "connectorId": 1, "scheduleStart": "2026-11-22T12:00:00Z",
        "chargingSchedule": {
            "chargingRateUnit": "A", "duration": 60, "minChargingRate": 6,
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.1, "numberPhases": 3}],
        },
    }  # fmt: skip
    old = understand(V16, intent, "GetCompositeSchedule", told).result["schedule"]
    new = understand(V201, intent, "GetCompositeSchedule", schedule(limit=16.1, numberPhases=3)).result[
        "schedule"
    ]
    assert msgspec.convert(old, Schedule).min_rate == 6
    assert old == new | {"min_rate": "6"}
    assert msgspec.convert(new, Schedule).start_at == AT
    assert new["periods"] == [{"start_s": 0, "limit": "16.1", "phases": 3}]


def test_a_composite_schedule_without_periods_is_none() -> None:
    intent = GetCompositeSchedule(duration_s=60, evse_id=1)
    empty = {
        "status": "Accepted",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": []},
    }
    assert understand(V16, intent, "GetCompositeSchedule", empty).result == {"evse_id": 1}
    assert understand(V16, intent, "GetCompositeSchedule", {"status": "Rejected"}).result == {"evse_id": 1}


def test_a_composite_schedule_of_setpoints_is_told_as_it_came() -> None:
    intent = GetCompositeSchedule(duration_s=60, evse_id=1)
    result = understand(V21, intent, "GetCompositeSchedule", schedule(setpoint=-5000.5)).result
    assert "schedule" not in result
    assert result["told"]["periods"] == [{"start_s": 0, "setpoint": ["-5000.5", None, None]}]
    phases = understand(
        V21, intent, "GetCompositeSchedule", schedule(limit=16, limit_L2=10, limit_L3=6)
    ).result
    assert "schedule" not in phases
    assert phases["told"]["periods"] == [{"start_s": 0, "limit": ["16", "10", "6"]}]
    plain = understand(V21, intent, "GetCompositeSchedule", schedule(limit=16)).result
    assert "told" not in plain


def test_smaller_results() -> None:
    assert understand(V16, GetLocalListVersion(), "GetLocalListVersion", {"listVersion": -1}).result == {
        "version": -1
    }
    assert understand(V21, GetLocalListVersion(), "GetLocalListVersion", {"versionNumber": 3}).result == {
        "version": 3
    }
    start = RemoteStart(id_token=TOKEN)
    told = {"status": "Accepted", "transactionId": "t1"}
    assert understand(V201, start, "RequestStartTransaction", told).result == {"transaction": "t1"}
    status = understand(V201, GetTransactionStatus(), "GetTransactionStatus", {"messagesInQueue": True})
    assert status.result == {"ongoing": None, "messages_in_queue": True}
    assert status.verdict is Verdict.AGREED
    assert understand(V16, GetLog(location=URL), "GetDiagnostics", {}).result == {"file_name": None}
    named = understand(V16, GetLog(location=URL), "GetDiagnostics", {"fileName": "d.zip"})
    assert named.result == {"file_name": "d.zip"}
    assert understand(V16, UpdateFirmware(location=URL, retrieve_at=AT), "UpdateFirmware", {}).status == ""
    data = {"status": "Accepted", "data": {"a": [1]}}
    assert understand(V201, DataTransfer(vendor_id="v"), "DataTransfer", data).result == {"data": {"a": [1]}}


def test_monitors_are_told_one_by_one() -> None:
    told = {"clearMonitoringResult": [{"id": 1, "status": "Accepted"}, {"id": 2, "status": "NotFound"}]}
    answer = understand(V201, ClearVariableMonitoring(monitor_ids=(1, 2)), "ClearVariableMonitoring", told)
    assert (answer.status, answer.verdict) == ("NotFound", Verdict.REFUSED)
    assert answer.result == {"monitors": [{"id": 1, "status": "Accepted"}, {"id": 2, "status": "NotFound"}]}


def test_an_answer_to_what_was_never_asked_is_our_own_fault() -> None:
    with pytest.raises(LookupError, match="never sent as Reset"):
        understand(V16, UNLOCK, "Reset", {"status": "Accepted"})


def test_a_raw_answer_is_given_back_as_told() -> None:
    told = {"status": "Rejected"}
    answer = understand(V16, Raw(action="Reset", payload={"type": "Hard"}), "Reset", told)
    assert (answer.verdict, answer.result) == (Verdict.REFUSED, told)
