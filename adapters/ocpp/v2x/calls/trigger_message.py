"""TriggerMessage of 2.x (F06)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.addresses import evse
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import TriggerMessage

ACTIONS = ("TriggerMessage",)
OF_ONE_CONNECTOR = "StatusNotification"


def to_call(intent: TriggerMessage, abilities: Abilities) -> WireCall:
    """The call. Refused: BootNotification of a charger already accepted; StatusNotification of no one connector."""
    if intent.message == "BootNotification" and abilities.accepted:
        raise CannotSay("BootNotification is asked for until a charger is accepted, not after (F06.FR.17).")
    if intent.message == OF_ONE_CONNECTOR and not (intent.evse_id and intent.connector_id):
        raise CannotSay("A charger tells the status of one connector: name EVSE and connector (F06.FR.12).")
    payload = {"requestedMessage": intent.message, "evse": evse(intent.evse_id, intent.connector_id)}
    return WireCall("TriggerMessage", {"requestedMessage": intent.message} | filled(payload))


def to_answer(intent: TriggerMessage, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, NotImplemented."""
    return answered(payload)
