"""ClearCache of 2.x (C11)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import ClearCache

ACTIONS = ("ClearCache",)


def to_call(intent: ClearCache, abilities: Abilities) -> WireCall:
    """The call."""
    return WireCall("ClearCache", {})


def to_answer(intent: ClearCache, payload: Mapping[str, Any]) -> Answer:
    """Accepted, Rejected."""
    return answered(payload)
