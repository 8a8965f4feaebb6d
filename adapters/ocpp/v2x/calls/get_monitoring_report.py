"""GetMonitoringReport of 2.x (N02)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.variables import place_of, written
from domain.commands.intent import Abilities, Answer
from domain.commands.monitoring import GetMonitoringReport

ACTIONS = ("GetMonitoringReport",)


def to_call(intent: GetMonitoringReport, abilities: Abilities) -> WireCall:
    """The call. Refused: what is no name of a variable or component."""
    payload = filled(
        {
            "requestId": intent.request_id,
            "monitoringCriteria": [criterion.value for criterion in dict.fromkeys(intent.criteria)],
            "componentVariable": [written(place_of(name)) for name in intent.names],
        }
    )
    return WireCall("GetMonitoringReport", payload)


def to_answer(intent: GetMonitoringReport, payload: Mapping[str, Any]) -> Answer:
    """Accepted: the report follows; Rejected, NotSupported, EmptyResultSet: none does."""
    return answered(payload)
