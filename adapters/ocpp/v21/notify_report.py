"""NotifyReport (2.1): the device model, in parts; answered empty (B07, B08)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.device_model import variables_report
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See NotifyReport in `v2x/device_model.py`."""
    return variables_report(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
