"""Reset of 2.x (B11, B12)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.addresses import not_below_zero
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import Reset

ACTIONS = ("Reset",)


def to_call(intent: Reset, abilities: Abilities) -> WireCall:
    """The call. Refused: with transactions that go on (2.1 has it)."""
    if intent.resume:
        raise CannotSay("Transactions go on after a restart in OCPP 2.1 alone.")
    return reset_call(intent, "Immediate" if intent.hard else "OnIdle")


def reset_call(intent: Reset, kind: str) -> WireCall:
    """With the type chosen."""
    at = not_below_zero(intent.evse_id or 0)
    return WireCall("Reset", filled({"type": kind, "evseId": at or None}))


def to_answer(intent: Reset, payload: Mapping[str, Any]) -> Answer:
    """Accepted, Scheduled (when transactions have ended); Rejected."""
    return answered(payload)
