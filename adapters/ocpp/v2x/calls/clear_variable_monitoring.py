"""ClearVariableMonitoring of 2.x (N06)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import reason_of, verdict_of
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v2x.calls.items_per_message import check_items
from adapters.ocpp.v2x.calls.set_variables import worst_of
from domain.commands.intent import Abilities, Answer
from domain.commands.monitoring import ClearVariableMonitoring

ACTIONS = ("ClearVariableMonitoring",)
MOST = "MonitoringCtrlr.ItemsPerMessage[ClearVariableMonitoring]"


def to_call(intent: ClearVariableMonitoring, abilities: Abilities) -> WireCall:
    """The call. Refused: no monitors, or more than the charger takes at once."""
    check_items(len(intent.monitor_ids), abilities, MOST, "monitors")
    return WireCall("ClearVariableMonitoring", {"id": list(intent.monitor_ids)})


def to_answer(intent: ClearVariableMonitoring, payload: Mapping[str, Any]) -> Answer:
    """Result `{"monitors": [{"id", "status"}]}`: Accepted, Rejected, NotFound; agreed to only if all are gone."""
    told = payload["clearMonitoringResult"]
    status = worst_of(entry["status"] for entry in told)
    reasons = "; ".join(filter(None, (reason_of(entry.get("statusInfo")) for entry in told)))
    monitors = [{"id": entry["id"], "status": entry["status"]} for entry in told]
    return Answer(verdict=verdict_of(status), status=status, reason=reasons, result={"monitors": monitors})
