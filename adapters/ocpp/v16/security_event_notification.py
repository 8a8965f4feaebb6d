"""SecurityEventNotification (1.6 security extension, A04): a security event; answered empty."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.timestamps import read_timestamp
from application.reports import Report
from domain.chargers.security import SecurityEventReported


def to_report(payload: Mapping[str, Any]) -> Report:
    """The event, at the charger's time of it."""
    fact = SecurityEventReported(kind=payload["type"], info=payload.get("techInfo", ""))
    return Report(fact, read_timestamp(payload["timestamp"]).at)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
