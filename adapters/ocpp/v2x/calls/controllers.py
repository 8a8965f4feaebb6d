"""Which controller a 2.x charger needs for a message: its variable Available says whether it has one."""

from collections.abc import Mapping

AVAILABLE: Mapping[str, str] = {
    "CancelReservation": "ReservationCtrlr.Available",
    "ClearCache": "AuthCacheCtrlr.Available",
    "ClearChargingProfile": "SmartChargingCtrlr.Available",
    "ClearDisplayMessage": "DisplayMessageCtrlr.Available",
    "ClearVariableMonitoring": "MonitoringCtrlr.Available",
    "GetChargingProfiles": "SmartChargingCtrlr.Available",
    "GetCompositeSchedule": "SmartChargingCtrlr.Available",
    "GetDisplayMessages": "DisplayMessageCtrlr.Available",
    "GetLocalListVersion": "LocalAuthListCtrlr.Available",
    "GetMonitoringReport": "MonitoringCtrlr.Available",
    "ReserveNow": "ReservationCtrlr.Available",
    "SendLocalList": "LocalAuthListCtrlr.Available",
    "SetChargingProfile": "SmartChargingCtrlr.Available",
    "SetDisplayMessage": "DisplayMessageCtrlr.Available",
    "SetMonitoringBase": "MonitoringCtrlr.Available",
    "SetMonitoringLevel": "MonitoringCtrlr.Available",
    "SetVariableMonitoring": "MonitoringCtrlr.Available",
    "UpdateDynamicSchedule": "SmartChargingCtrlr.Available",
    "UsePriorityCharging": "SmartChargingCtrlr.Available",
}
"""Action → the variable (2.x appendix, Referenced Components and Variables)."""
