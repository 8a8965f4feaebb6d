"""SetMonitoringLevel of 2.x (N05)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v2x.calls.set_variable_monitoring import severity
from domain.commands.intent import Abilities, Answer
from domain.commands.monitoring import SetMonitoringLevel

ACTIONS = ("SetMonitoringLevel",)


def to_call(intent: SetMonitoringLevel, abilities: Abilities) -> WireCall:
    """The call. Refused: a severity beyond 0 to 9."""
    return WireCall("SetMonitoringLevel", {"severity": severity(intent.severity)})


def to_answer(intent: SetMonitoringLevel, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected."""
    return answered(payload)
