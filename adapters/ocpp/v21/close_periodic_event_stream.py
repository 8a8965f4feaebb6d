"""ClosePeriodicEventStream (2.1): a stream of values ends; answered empty (N13)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.monitoring import stream_closing
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See ClosePeriodicEventStream in `v2x/monitoring.py`."""
    return stream_closing(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
