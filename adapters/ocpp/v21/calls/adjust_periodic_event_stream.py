"""AdjustPeriodicEventStream of 2.1 (N14)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from domain.commands.intent import Abilities, Answer
from domain.commands.monitoring import AdjustPeriodicEventStream

ACTIONS = ("AdjustPeriodicEventStream",)


def to_call(intent: AdjustPeriodicEventStream, abilities: Abilities) -> WireCall:
    """The call. Refused: neither interval nor number of values."""
    pace = filled({"interval": intent.interval_s, "values": intent.values})
    if not pace:
        raise CannotSay("Name the new interval, the number of values, or both.")
    return WireCall("AdjustPeriodicEventStream", {"id": intent.stream_id, "params": pace})


def to_answer(intent: AdjustPeriodicEventStream, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected."""
    return answered(payload)
