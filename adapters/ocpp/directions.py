"""Who may start which message. The catalogue of schemas does not say, so this table does.

After OCPP 1.6 §4 (by the charge point) and §5 (by the central system), the 1.6 security white paper, and the
messages chapters of 2.0.1 and 2.1 part 2. Other implementations disagree on one: NotifyWebPaymentStarted, which
is ours to send here, because the payment page is on our side and the charger is told to wait for it.
"""

from adapters.ocpp.versions import Version

FROM_BOTH = frozenset({"DataTransfer"})
"""Either side may start these, in every version."""

FROM_CHARGER_16 = frozenset(
    {
        "Authorize", "BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification",
        "Heartbeat", "LogStatusNotification", "MeterValues", "SecurityEventNotification", "SignCertificate",
        "SignedFirmwareStatusNotification", "StartTransaction", "StatusNotification", "StopTransaction",
    }
)  # fmt: skip

FROM_CSMS_16 = frozenset(
    {
        "CancelReservation", "CertificateSigned", "ChangeAvailability", "ChangeConfiguration", "ClearCache",
        "ClearChargingProfile", "DeleteCertificate", "ExtendedTriggerMessage", "GetCompositeSchedule",
        "GetConfiguration", "GetDiagnostics", "GetInstalledCertificateIds", "GetLocalListVersion", "GetLog",
        "InstallCertificate", "RemoteStartTransaction", "RemoteStopTransaction", "ReserveNow", "Reset",
        "SendLocalList", "SetChargingProfile", "SignedUpdateFirmware", "TriggerMessage", "UnlockConnector",
        "UpdateFirmware",
    }
)  # fmt: skip

FROM_CHARGER_201 = frozenset(
    {
        "Authorize", "BootNotification", "ClearedChargingLimit", "FirmwareStatusNotification",
        "Get15118EVCertificate", "GetCertificateStatus", "Heartbeat", "LogStatusNotification", "MeterValues",
        "NotifyChargingLimit", "NotifyCustomerInformation", "NotifyDisplayMessages", "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule", "NotifyEvent", "NotifyMonitoringReport", "NotifyReport",
        "PublishFirmwareStatusNotification", "ReportChargingProfiles", "ReservationStatusUpdate",
        "SecurityEventNotification", "SignCertificate", "StatusNotification", "TransactionEvent",
    }
)  # fmt: skip

FROM_CSMS_201 = frozenset(
    {
        "CancelReservation", "CertificateSigned", "ChangeAvailability", "ClearCache", "ClearChargingProfile",
        "ClearDisplayMessage", "ClearVariableMonitoring", "CostUpdated", "CustomerInformation",
        "DeleteCertificate", "GetBaseReport", "GetChargingProfiles", "GetCompositeSchedule",
        "GetDisplayMessages", "GetInstalledCertificateIds", "GetLocalListVersion", "GetLog",
        "GetMonitoringReport", "GetReport", "GetTransactionStatus", "GetVariables", "InstallCertificate",
        "PublishFirmware", "RequestStartTransaction", "RequestStopTransaction", "ReserveNow", "Reset",
        "SendLocalList", "SetChargingProfile", "SetDisplayMessage", "SetMonitoringBase", "SetMonitoringLevel",
        "SetNetworkProfile", "SetVariableMonitoring", "SetVariables", "TriggerMessage", "UnlockConnector",
        "UnpublishFirmware", "UpdateFirmware",
    }
)  # fmt: skip

FROM_CHARGER_21 = FROM_CHARGER_201 | {
    "BatterySwap", "ClosePeriodicEventStream", "GetCertificateChainStatus", "NotifyDERAlarm",
    "NotifyDERStartStop", "NotifyPeriodicEventStream", "NotifyPriorityCharging", "NotifySettlement",
    "OpenPeriodicEventStream", "PullDynamicScheduleUpdate", "ReportDERControl", "VatNumberValidation",
}  # fmt: skip

FROM_CSMS_21 = FROM_CSMS_201 | {
    "AFRRSignal", "AdjustPeriodicEventStream", "ChangeTransactionTariff", "ClearDERControl", "ClearTariffs",
    "GetDERControl", "GetPeriodicEventStream", "GetTariffs", "NotifyAllowedEnergyTransfer",
    "NotifyWebPaymentStarted", "RequestBatterySwap", "SetDERControl", "SetDefaultTariff",
    "UpdateDynamicSchedule", "UsePriorityCharging",
}  # fmt: skip

_FROM_CHARGER = {
    Version.V16: FROM_CHARGER_16 | FROM_BOTH,
    Version.V201: FROM_CHARGER_201 | FROM_BOTH,
    Version.V21: FROM_CHARGER_21 | FROM_BOTH,
}
_FROM_CSMS = {
    Version.V16: FROM_CSMS_16 | FROM_BOTH,
    Version.V201: FROM_CSMS_201 | FROM_BOTH,
    Version.V21: FROM_CSMS_21 | FROM_BOTH,
}


def actions_from_charger(version: Version) -> frozenset[str]:
    """The actions a charger may start, SEND messages of 2.1 among them."""
    return _FROM_CHARGER[version]


def actions_from_csms(version: Version) -> frozenset[str]:
    """The actions we may start."""
    return _FROM_CSMS[version]
