"""SecurityEventNotification (2.0.1): something of security relevance happened; answered empty (A04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.security import security_event
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See SecurityEventNotification in `v2x/security.py`."""
    return security_event(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
