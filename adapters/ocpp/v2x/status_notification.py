"""StatusNotification of 2.x (G01): a connector's status in five words; our words are the same."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.timestamps import read_timestamp
from adapters.ocpp.whole_numbers import int32
from application.reports import Report
from domain.chargers.events import StatusReported


def to_report(payload: Mapping[str, Any]) -> Report:
    """StatusReported; EVSE 0 is sent in the field for the charger itself."""
    fact = StatusReported(
        evse_id=int32(payload["evseId"]),
        connector_id=int32(payload["connectorId"]),
        status=payload["connectorStatus"],
    )
    return Report(fact, read_timestamp(payload["timestamp"]).at)


def to_answer(outcome: object) -> dict[str, Any]:
    """Empty."""
    return {}
