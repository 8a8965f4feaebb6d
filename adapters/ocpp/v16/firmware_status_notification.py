"""FirmwareStatusNotification (1.6 §4.5): how far a firmware update has come; answered empty."""

from collections.abc import Mapping
from typing import Any

from application.reports import Report
from domain.chargers.firmware import FirmwareStatusReported


def to_report(payload: Mapping[str, Any]) -> Report:
    """The status; which request it belongs to, 1.6 does not tell."""
    return Report(FirmwareStatusReported(status=payload["status"]))


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
