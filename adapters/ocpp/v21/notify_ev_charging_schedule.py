"""NotifyEVChargingSchedule (2.1): how a car is going to charge; Accepted: taken, not approved (K15, K17)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.ev import charging_schedule
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See NotifyEVChargingSchedule in `v2x/ev.py`."""
    return charging_schedule(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Accepted: the status tells whether the message was processed, "it does not imply any approval"."""
    return {"status": "Accepted"}
