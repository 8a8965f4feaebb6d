"""What is asked of the chargers of a version, as short stories: every intent of its table stands in one of them."""

from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from adapters.ocpp.offering import CALLS
from adapters.ocpp.versions import Version
from application import clock
from domain.commands.drivers import CancelReservation, ReserveNow
from domain.commands.files import GetLog, PublishFirmware, UnpublishFirmware, UpdateFirmware
from domain.commands.intent import Intent
from domain.commands.intents import INTENTS
from domain.commands.load import SetChargingProfile
from domain.commands.settings import ChangeSettings, ReadSettings
from domain.commands.transactions import RemoteStart, RemoteStop
from domain.commands.upkeep import ChangeAvailability, Raw, Reset, TriggerMessage
from tests.adapters.ocpp.calls.examples import EXAMPLES

Story = Sequence[Intent]
KEYS_16 = {"AuthCtrlr.LocalPreAuthorize": "LocalPreAuthorize"}
"""Variable of 2.x → the key of 1.6 that says the same."""
FILES = (UpdateFirmware, GetLog, PublishFirmware, UnpublishFirmware)
RESERVED = (ReserveNow, CancelReservation)


def stories(version: Version) -> list[Story]:
    """One for each charger; the last step of the last one restarts it."""
    known = [intent for intent in EXAMPLES if type(intent) in CALLS[version]]
    start = [intent for intent in known if isinstance(intent, RemoteStart)]
    stop = [intent for intent in known if isinstance(intent, RemoteStop)]
    running = [intent for intent in known if _of_transaction(intent) and intent not in (*start, *stop)]
    files = [intent for intent in known if isinstance(intent, FILES)]
    reserved = [intent for intent in known if isinstance(intent, RESERVED)]
    reset = [intent for intent in known if isinstance(intent, Reset)]
    apart = (*start, *stop, *running, *files, *reserved, *reset)
    rest = [intent for intent in known if intent not in apart and not isinstance(intent, ChangeAvailability)]
    out_and_in = [ChangeAvailability(operative=operative, evse_id=1) for operative in (False, True)]
    triggers = [TriggerMessage(message=word) for word in ("Heartbeat", "StatusNotification")]
    if version is not Version.V16:
        triggers[1] = replace(triggers[1], evse_id=1, connector_id=1)
    return [
        [*start, *running, *stop],
        [*out_and_in, *triggers],
        reserved,
        files,
        rest[::2],
        [*rest[1::2], Raw(action="ClearCache", payload={}), *reset],
    ]


def unknown_to(version: Version) -> list[Intent]:
    """Intents that the version has no message for, one example each."""
    return [
        next(intent for intent in EXAMPLES if type(intent) is kind)
        for kind in INTENTS
        if kind not in CALLS[version] and kind is not Raw
    ]


def fitted(intent: Intent, version: Version, transaction: str) -> Intent:
    """The example as it fits a charger of this version, with this transaction running, at this hour."""
    if isinstance(intent, ReserveNow):
        return replace(intent, expires_at=clock.now() + timedelta(hours=1))
    if isinstance(intent, SetChargingProfile):
        return replace(intent, profile=replace(intent.profile, transaction=transaction))
    if getattr(intent, "transaction", ""):
        return replace(intent, transaction=transaction)
    if version is Version.V16 and isinstance(intent, ReadSettings):
        return replace(intent, names=tuple(KEYS_16[name] for name in intent.names))
    if version is Version.V16 and isinstance(intent, ChangeSettings):
        return replace(intent, values={KEYS_16[name]: value for name, value in intent.values.items()})
    return intent


def _of_transaction(intent: Intent) -> bool:
    return bool(getattr(intent, "transaction", "")) or isinstance(intent, SetChargingProfile)
