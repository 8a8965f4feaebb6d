"""NotifyEvent (2.0.1): what monitors saw; answered empty (N07, N08)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.monitoring import events_report
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See NotifyEvent in `v2x/monitoring.py`."""
    return events_report(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
