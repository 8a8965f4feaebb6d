"""NotifyMonitoringReport (2.0.1): the monitors that are set, in parts; answered empty (N02)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.device_model import monitors_report
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See NotifyMonitoringReport in `v2x/device_model.py`."""
    return monitors_report(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
