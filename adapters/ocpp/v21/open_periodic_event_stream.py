"""OpenPeriodicEventStream (2.1): a stream of values begins; Accepted, its values are recorded (N11)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.monitoring import stream_opening
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See OpenPeriodicEventStream in `v2x/monitoring.py`."""
    return stream_opening(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Accepted: NotifyPeriodicEventStream is recorded as it comes."""
    return {"status": "Accepted"}
