"""Reset of 2.1 (B11, B12), which can let transactions go on after the restart."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.v2x.calls import reset as v2x_reset
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import Reset

ACTIONS = ("Reset",)


def to_call(intent: Reset, abilities: Abilities) -> WireCall:
    """The call. Refused: transactions that go on after a soft restart."""
    if not intent.resume:
        return v2x_reset.to_call(intent, abilities)
    if not intent.hard:
        raise CannotSay("A soft restart waits for transactions to end; none goes on after it.")
    return v2x_reset.reset_call(intent, "ImmediateAndResume")


def to_answer(intent: Reset, payload: Mapping[str, Any]) -> Answer:
    """Accepted, Scheduled (when transactions have ended); Rejected."""
    return v2x_reset.to_answer(intent, payload)
