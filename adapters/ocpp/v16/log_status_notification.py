"""LogStatusNotification (1.6 security extension, N01): how far a log upload has come; answered empty."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.whole_numbers import int32
from application.reports import Report
from domain.chargers.firmware import LogUploadReported


def to_report(payload: Mapping[str, Any]) -> Report:
    """The status, and the request it belongs to."""
    request_id = payload.get("requestId")
    return Report(
        LogUploadReported(
            status=payload["status"], request_id=None if request_id is None else int32(request_id)
        )
    )


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
