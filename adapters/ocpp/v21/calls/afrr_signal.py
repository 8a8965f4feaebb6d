"""AFRRSignal of 2.1 (Q08)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.timestamps import write_timestamp
from domain.commands.intent import Abilities, Answer
from domain.commands.load import AFRRSignal

ACTIONS = ("AFRRSignal",)


def to_call(intent: AFRRSignal, abilities: Abilities) -> WireCall:
    """The call."""
    return WireCall("AFRRSignal", {"timestamp": write_timestamp(intent.at), "signal": intent.signal})


def to_answer(intent: AFRRSignal, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected."""
    return answered(payload)
