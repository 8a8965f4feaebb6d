"""GetPeriodicEventStream of 2.1 (N12)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from domain.commands.intent import Abilities, Answer
from domain.commands.monitoring import GetPeriodicEventStream

ACTIONS = ("GetPeriodicEventStream",)


def to_call(intent: GetPeriodicEventStream, abilities: Abilities) -> WireCall:
    """The call."""
    return WireCall("GetPeriodicEventStream", {})


def to_answer(intent: GetPeriodicEventStream, payload: Mapping[str, Any]) -> Answer:
    """Result `{"streams": [{"id", "monitor_id", "interval_s", "values"}]}`; the last two may be null."""
    streams = [
        {
            "id": told["id"],
            "monitor_id": told["variableMonitoringId"],
            "interval_s": told["params"].get("interval"),
            "values": told["params"].get("values"),
        }
        for told in payload.get("constantStreamData") or ()
    ]
    return answered({}, {"streams": streams})
