"""NotifyEVChargingNeeds (2.1): what a car needs; we make no schedule for it (K15.FR.04, K19.FR.04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.ev import charging_needs
from adapters.ocpp.v2x.refusals import refusal
from application.reports import Report, Taken
from domain.chargers.ev import ChargingNeedsNotified


def to_report(payload: Mapping[str, Any]) -> Report:
    """See NotifyEVChargingNeeds in `v2x/ev.py`."""
    return charging_needs(payload)


def to_answer(outcome: Taken[ChargingNeedsNotified]) -> dict[str, Any]:
    """NoChargingProfile over ISO 15118-20 (K19.FR.04, errata 2025-06), else Rejected (K15.FR.04)."""
    if outcome.fact.over_iso15118_20:
        return {"status": "NoChargingProfile"}
    return refusal("Rejected", "no charging schedule will follow")
