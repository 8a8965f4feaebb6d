"""Reset of 1.6 (§5.14)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import Reset

ACTIONS = ("Reset",)


def to_call(intent: Reset, abilities: Abilities) -> WireCall:
    """The call. Refused: of one EVSE; with transactions that go on."""
    if intent.evse_id:
        raise CannotSay("OCPP 1.6 restarts a charger as a whole, not an EVSE.")
    if intent.resume:
        raise CannotSay("Transactions go on after a restart in OCPP 2.1 alone.")
    return WireCall("Reset", {"type": "Hard" if intent.hard else "Soft"})


def to_answer(intent: Reset, payload: Mapping[str, Any]) -> Answer:
    """Accepted, Rejected."""
    return answered(payload)
