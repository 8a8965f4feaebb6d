"""The notices of 2.0.1: what a charger may tell beside the core actions, and the module of each."""

from collections.abc import Mapping

from adapters.ocpp.action import Action
from adapters.ocpp.v201 import (
    cleared_charging_limit,
    firmware_status_notification,
    get_15118_ev_certificate,
    get_certificate_status,
    log_status_notification,
    notify_charging_limit,
    notify_customer_information,
    notify_display_messages,
    notify_ev_charging_needs,
    notify_ev_charging_schedule,
    notify_event,
    notify_monitoring_report,
    notify_report,
    publish_firmware_status_notification,
    report_charging_profiles,
    reservation_status_update,
    security_event_notification,
    sign_certificate,
)

NOTICES: Mapping[str, Action] = {
    "ClearedChargingLimit": cleared_charging_limit,
    "FirmwareStatusNotification": firmware_status_notification,
    "Get15118EVCertificate": get_15118_ev_certificate,
    "GetCertificateStatus": get_certificate_status,
    "LogStatusNotification": log_status_notification,
    "NotifyChargingLimit": notify_charging_limit,
    "NotifyCustomerInformation": notify_customer_information,
    "NotifyDisplayMessages": notify_display_messages,
    "NotifyEVChargingNeeds": notify_ev_charging_needs,
    "NotifyEVChargingSchedule": notify_ev_charging_schedule,
    "NotifyEvent": notify_event,
    "NotifyMonitoringReport": notify_monitoring_report,
    "NotifyReport": notify_report,
    "PublishFirmwareStatusNotification": publish_firmware_status_notification,
    "ReportChargingProfiles": report_charging_profiles,
    "ReservationStatusUpdate": reservation_status_update,
    "SecurityEventNotification": security_event_notification,
    "SignCertificate": sign_certificate,
}
"""Action on the wire → its two functions."""
