"""The notices of 1.6: what a charger may tell beside the core actions, and the module of each."""

from collections.abc import Mapping

from adapters.ocpp.action import Action
from adapters.ocpp.v16 import (
    diagnostics_status_notification,
    firmware_status_notification,
    log_status_notification,
    security_event_notification,
    sign_certificate,
    signed_firmware_status_notification,
)

NOTICES: Mapping[str, Action] = {
    "DiagnosticsStatusNotification": diagnostics_status_notification,
    "FirmwareStatusNotification": firmware_status_notification,
    "LogStatusNotification": log_status_notification,
    "SecurityEventNotification": security_event_notification,
    "SignCertificate": sign_certificate,
    "SignedFirmwareStatusNotification": signed_firmware_status_notification,
}
"""Action on the wire → its two functions."""
