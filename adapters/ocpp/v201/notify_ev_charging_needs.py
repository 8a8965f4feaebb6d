"""NotifyEVChargingNeeds (2.0.1): what a car needs; Rejected, we make no schedule for it (K15.FR.04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.ev import charging_needs
from adapters.ocpp.v2x.refusals import refusal
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See NotifyEVChargingNeeds in `v2x/ev.py`."""
    return charging_needs(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Rejected: no charging schedule will follow; the charger goes by its default profile."""
    return refusal("Rejected", "no charging schedule will follow")
