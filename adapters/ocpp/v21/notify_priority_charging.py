"""NotifyPriorityCharging (2.1): a driver put a transaction first; answered empty (K22)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.smart_charging import priority
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See NotifyPriorityCharging in `v2x/smart_charging.py`."""
    return priority(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
