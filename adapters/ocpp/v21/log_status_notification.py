"""LogStatusNotification (2.1): how far a log upload has come; answered empty (N01)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.firmware import log_status
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See LogStatusNotification in `v2x/firmware.py`."""
    return log_status(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
