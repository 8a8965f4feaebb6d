"""SetVariableMonitoring of 2.1 (N04), where monitored values may come as a stream."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls import set_variable_monitoring as v2x_monitoring
from adapters.ocpp.v2x.calls.items_per_message import check_items
from adapters.ocpp.v2x.calls.set_variable_monitoring import MOST, monitor
from domain.commands.intent import Abilities, Answer
from domain.commands.monitoring import MonitorWanted, SetVariableMonitoring

ACTIONS = ("SetVariableMonitoring",)


def to_call(intent: SetVariableMonitoring, abilities: Abilities) -> WireCall:
    """The call. Refused: no monitors, or more than the charger takes at once."""
    check_items(len(intent.monitors), abilities, MOST, "monitors")
    return WireCall(
        "SetVariableMonitoring", {"setMonitoringData": [_monitor(one) for one in intent.monitors]}
    )


def to_answer(intent: SetVariableMonitoring, payload: Mapping[str, Any]) -> Answer:
    """As in 2.0.1."""
    return v2x_monitoring.to_answer(intent, payload)


def _monitor(wanted: MonitorWanted) -> dict[str, Any]:
    stream = filled({"interval": wanted.stream_interval_s, "values": wanted.stream_values})
    return monitor(wanted) | filled({"periodicEventStream": stream})
