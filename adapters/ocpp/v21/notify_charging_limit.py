"""NotifyChargingLimit (2.1): somebody else limits the charger; answered empty (K11, K12)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.smart_charging import limit
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See NotifyChargingLimit in `v2x/smart_charging.py`."""
    return limit(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
