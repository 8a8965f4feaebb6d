"""CostUpdated of 2.x (I02)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.wire_numbers import number
from domain.commands.intent import Abilities, Answer
from domain.commands.transactions import CostUpdated

ACTIONS = ("CostUpdated",)


def to_call(intent: CostUpdated, abilities: Abilities) -> WireCall:
    """The call."""
    payload = {"totalCost": number(intent.total_cost), "transactionId": intent.transaction}
    return WireCall("CostUpdated", payload)


def to_answer(intent: CostUpdated, payload: Mapping[str, Any]) -> Answer:
    """Empty: it was received."""
    return answered(payload)
