"""DiagnosticsStatusNotification (1.6 §4.4): how far a diagnostics upload has come; answered empty."""

from collections.abc import Mapping
from typing import Any

from application.reports import Report
from domain.chargers.firmware import LogUploadReported

STATUSES = {"UploadFailed": "UploadFailure"}
"""1.6 word → ours, where they differ."""


def to_report(payload: Mapping[str, Any]) -> Report:
    """The same fact as a log upload of 2.x, without a request id: 1.6 GetDiagnostics has none."""
    status = payload["status"]
    return Report(LogUploadReported(status=STATUSES.get(status, status), diagnostics=True))


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
