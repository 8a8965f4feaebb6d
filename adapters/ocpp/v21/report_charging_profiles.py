"""ReportChargingProfiles (2.1): charging profiles the charger has; answered empty (K09)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.smart_charging import profiles_report
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See ReportChargingProfiles in `v2x/smart_charging.py`."""
    return profiles_report(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
