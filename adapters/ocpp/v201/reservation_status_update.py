"""ReservationStatusUpdate (2.0.1): a reservation ended at the charger; answered empty (H01, H04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.drivers import reservation_update
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See ReservationStatusUpdate in `v2x/drivers.py`."""
    return reservation_update(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
