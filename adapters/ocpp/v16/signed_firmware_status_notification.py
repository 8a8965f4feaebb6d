"""SignedFirmwareStatusNotification (1.6 security extension, L01): a signed update; answered empty."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.whole_numbers import int32
from application.reports import Report
from domain.chargers.firmware import FirmwareStatusReported


def to_report(payload: Mapping[str, Any]) -> Report:
    """The status, and the request it belongs to (absent where the charger is idle, L01.FR.21)."""
    request_id = payload.get("requestId")
    return Report(
        FirmwareStatusReported(
            status=payload["status"], request_id=None if request_id is None else int32(request_id)
        )
    )


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
