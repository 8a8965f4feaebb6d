"""Firmware and logs in 2.x (functional blocks L and N)."""

from adapters.ocpp.v2x.fields import Payload, reason_in, texts_in, whole_in
from application.reports import Report
from domain.chargers.firmware import (
    FirmwarePublicationReported,
    FirmwareStatusReported,
    LogUploadReported,
)


def firmware_status(payload: Payload) -> Report:
    """FirmwareStatusNotification."""
    reason_code, info = reason_in(payload)
    return Report(
        FirmwareStatusReported(
            status=payload["status"],
            request_id=whole_in(payload, "requestId"),
            reason_code=reason_code,
            info=info,
        )
    )


def publication_status(payload: Payload) -> Report:
    """PublishFirmwareStatusNotification."""
    reason_code, info = reason_in(payload)
    return Report(
        FirmwarePublicationReported(
            status=payload["status"],
            request_id=whole_in(payload, "requestId"),
            locations=texts_in(payload, "location"),
            reason_code=reason_code,
            info=info,
        )
    )


def log_status(payload: Payload) -> Report:
    """LogStatusNotification."""
    reason_code, info = reason_in(payload)
    return Report(
        LogUploadReported(
            status=payload["status"],
            request_id=whole_in(payload, "requestId"),
            reason_code=reason_code,
            info=info,
        )
    )
