"""SignedFirmwareStatusNotification (1.6 security extension, L01): a signed update; answered empty."""

from collections.abc import Mapping
from typing import Any

from application.reports import Report
from domain.chargers.firmware import FirmwareStatusReported


def to_report(payload: Mapping[str, Any]) -> Report:
    """The status, and the request it belongs to (absent where the charger is idle, L01.FR.20)."""
    return Report(FirmwareStatusReported(status=payload["status"], request_id=payload.get("requestId")))


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
