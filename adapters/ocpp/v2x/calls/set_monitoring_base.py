"""SetMonitoringBase of 2.x (N03)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from domain.commands.intent import Abilities, Answer
from domain.commands.monitoring import SetMonitoringBase

ACTIONS = ("SetMonitoringBase",)


def to_call(intent: SetMonitoringBase, abilities: Abilities) -> WireCall:
    """The call."""
    return WireCall("SetMonitoringBase", {"monitoringBase": intent.base.value})


def to_answer(intent: SetMonitoringBase, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, NotSupported, EmptyResultSet."""
    return answered(payload)
