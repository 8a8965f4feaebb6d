"""UsePriorityCharging of 2.1 (K21)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from domain.commands.intent import Abilities, Answer
from domain.commands.transactions import UsePriorityCharging

ACTIONS = ("UsePriorityCharging",)


def to_call(intent: UsePriorityCharging, abilities: Abilities) -> WireCall:
    """The call."""
    payload = {"transactionId": intent.transaction, "activate": intent.active}
    return WireCall("UsePriorityCharging", payload)


def to_answer(intent: UsePriorityCharging, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, NoProfile: no priority profile is installed."""
    return answered(payload)
