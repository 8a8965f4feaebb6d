"""SetVariableMonitoring of 2.x (N04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import reason_of, verdict_of
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.items_per_message import check_items
from adapters.ocpp.v2x.calls.set_variables import worst_of
from adapters.ocpp.v2x.calls.variables import component_and_variable, name_in, names_as_asked
from adapters.ocpp.wire_numbers import number
from domain.commands.intent import Abilities, Answer
from domain.commands.monitoring import MonitorWanted, SetVariableMonitoring

ACTIONS = ("SetVariableMonitoring",)
MOST = "MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]"


def to_call(intent: SetVariableMonitoring, abilities: Abilities) -> WireCall:
    """The call. Refused: no monitors, or more than the charger takes at once; a stream (2.1 has them)."""
    if any(one.stream_interval_s is not None or one.stream_values is not None for one in intent.monitors):
        raise CannotSay("Monitored values come as a stream in OCPP 2.1 alone.")
    check_items(len(intent.monitors), abilities, MOST, "monitors")
    return WireCall("SetVariableMonitoring", {"setMonitoringData": [monitor(one) for one in intent.monitors]})


def monitor(wanted: MonitorWanted) -> dict[str, Any]:
    """SetMonitoringDataType without its stream."""
    return filled(
        {
            "id": wanted.monitor_id,
            "transaction": wanted.transaction_only,
            "value": number(wanted.value),
            "type": wanted.kind,
            "severity": severity(wanted.severity),
            **component_and_variable(wanted.name),
        }
    ) | {"type": wanted.kind}


def severity(level: int) -> int:
    """0 to 9 (2.x SetMonitoringDataType)."""
    if not 0 <= level <= 9:
        raise CannotSay("A severity is 0 (danger) to 9 (debug).")
    return level


def to_answer(intent: SetVariableMonitoring, payload: Mapping[str, Any]) -> Answer:
    """Result `{"monitors": [{"name", "kind", "severity", "status", "id"}]}`; agreed to only if all were set.

    A status is Accepted, UnknownComponent, UnknownVariable, UnsupportedMonitorType, Rejected or Duplicate;
    `id` is null where no monitor was set.
    """
    asked = names_as_asked(one.name for one in intent.monitors)
    told = payload["setMonitoringResult"]
    monitors = [
        {
            "name": name_in(entry, asked),
            "kind": entry["type"],
            "severity": entry["severity"],
            "status": entry["status"],
            "id": entry.get("id"),
        }
        for entry in told
    ]
    status = worst_of(entry["status"] for entry in told)
    reasons = "; ".join(filter(None, (reason_of(entry.get("statusInfo")) for entry in told)))
    return Answer(verdict=verdict_of(status), status=status, reason=reasons, result={"monitors": monitors})
