"""NotifyAllowedEnergyTransfer of 2.1 (Q02)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from domain.commands.intent import Abilities, Answer
from domain.commands.transactions import NotifyAllowedEnergyTransfer

ACTIONS = ("NotifyAllowedEnergyTransfer",)


def to_call(intent: NotifyAllowedEnergyTransfer, abilities: Abilities) -> WireCall:
    """The call. Refused: no way of energy transfer."""
    if not intent.modes:
        raise CannotSay("Name at least one way of energy transfer.")
    payload = {"transactionId": intent.transaction, "allowedEnergyTransfer": list(intent.modes)}
    return WireCall("NotifyAllowedEnergyTransfer", payload)


def to_answer(intent: NotifyAllowedEnergyTransfer, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected."""
    return answered(payload)
