"""ChangeAvailability of 1.6 (§5.2); connector 0 is the charger with all its connectors."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v16.calls.addresses import connector_of
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import ChangeAvailability

ACTIONS = ("ChangeAvailability",)


def to_call(intent: ChangeAvailability, abilities: Abilities) -> WireCall:
    """The call. Refused: a second connector of an EVSE."""
    payload = {
        "connectorId": connector_of(intent.evse_id, intent.connector_id),
        "type": "Operative" if intent.operative else "Inoperative",
    }
    return WireCall("ChangeAvailability", payload)


def to_answer(intent: ChangeAvailability, payload: Mapping[str, Any]) -> Answer:
    """Accepted, Scheduled (after the transaction); Rejected."""
    return answered(payload)
