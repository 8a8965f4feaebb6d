"""TriggerMessage (1.6 §5.17) and ExtendedTriggerMessage (security extension), which has two messages more."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v16.calls.addresses import connector_of
from adapters.ocpp.v16.calls.security_extension import has_extension
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import TriggerMessage

ACTIONS = ("TriggerMessage", "ExtendedTriggerMessage")

PLAIN = frozenset(
    {"BootNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues", "StatusNotification"}
)
EXTENDED: Mapping[str, str] = {
    "LogStatusNotification": "LogStatusNotification",
    "SignChargingStationCertificate": "SignChargePointCertificate",
}
"""Our word → the word of the security extension."""


def to_call(intent: TriggerMessage, abilities: Abilities) -> WireCall:
    """The call. Refused: a message 1.6 does not have; BootNotification of a charger already accepted."""
    if intent.message == "BootNotification" and abilities.accepted:
        raise CannotSay("BootNotification is asked for until a charger is accepted, not after (errata 3.40).")
    action, message = _words(intent.message, abilities)
    number = connector_of(intent.evse_id, intent.connector_id)
    # Without a connector it is for all of them; as a number 0 is not allowed (TriggerMessage.req).
    return WireCall(action, filled({"requestedMessage": message, "connectorId": number or None}))


def to_answer(intent: TriggerMessage, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, NotImplemented."""
    return answered(payload)


def _words(message: str, abilities: Abilities) -> tuple[str, str]:
    """(action, word); the status of a diagnostics upload has a word of its own in plain 1.6."""
    if message in PLAIN:
        trigger = abilities.profiles is None or "RemoteTrigger" in abilities.profiles
        return "TriggerMessage" if trigger or not has_extension(
            abilities
        ) else "ExtendedTriggerMessage", message
    if message == "LogStatusNotification" and not has_extension(abilities):
        return "TriggerMessage", "DiagnosticsStatusNotification"
    if message in EXTENDED:
        return "ExtendedTriggerMessage", EXTENDED[message]
    raise CannotSay(f"OCPP 1.6 cannot ask for {message or 'nothing'}.")
