"""ClearedChargingLimit (2.0.1): a limit from elsewhere no longer holds; answered empty (K13)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.smart_charging import limit_cleared
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See ClearedChargingLimit in `v2x/smart_charging.py`."""
    return limit_cleared(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
