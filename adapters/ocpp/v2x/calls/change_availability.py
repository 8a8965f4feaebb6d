"""ChangeAvailability of 2.x (G03, G04); without an EVSE it is for the whole charger."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.addresses import evse
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import ChangeAvailability

ACTIONS = ("ChangeAvailability",)


def to_call(intent: ChangeAvailability, abilities: Abilities) -> WireCall:
    """The call. Refused: a connector without its EVSE."""
    status = "Operative" if intent.operative else "Inoperative"
    at = evse(intent.evse_id, intent.connector_id)
    return WireCall("ChangeAvailability", filled({"operationalStatus": status, "evse": at}))


def to_answer(intent: ChangeAvailability, payload: Mapping[str, Any]) -> Answer:
    """Accepted, Scheduled (after the transaction); Rejected."""
    return answered(payload)
