"""DataTransfer (1.6 §4.3): what vendors say beside the standard."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.vendor_data import answered, report_of
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """Metered where a known vendor sends readings, else DataTransferred."""
    return Report(report_of(payload["vendorId"], payload.get("messageId", ""), payload.get("data")))


def to_answer(outcome: object) -> dict[str, Any]:
    """`UnknownVendorId` or `UnknownMessageId` where we do not know it (§4.3), else `Accepted`."""
    return {"status": answered(outcome)}
