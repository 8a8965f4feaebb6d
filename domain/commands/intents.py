"""Every intent there is, in the words of OCPP 2.x where it has them; `AnyIntent` is their union.

One class for one thing that can be wanted, whatever the charger's version; which version has words for it
stands in `adapters/ocpp/*/calls`. EVSE n, connector 1 is 1.6 connector n; EVSE 0 or None is the charger itself.
Times are UTC; `request_id` is 0 until the application draws one.
"""

from typing import TypeAlias, get_args

from domain.commands.certificates import (
    CertificateSigned,
    DeleteCertificate,
    GetInstalledCertificateIds,
    InstallCertificate,
)
from domain.commands.der import ClearDERControl, GetDERControl, SetDERControl
from domain.commands.drivers import (
    CancelReservation,
    ClearDisplayMessage,
    CustomerInformation,
    GetDisplayMessages,
    GetLocalListVersion,
    NotifyWebPaymentStarted,
    RequestBatterySwap,
    ReserveNow,
    SendLocalList,
    SetDisplayMessage,
)
from domain.commands.files import GetLog, PublishFirmware, UnpublishFirmware, UpdateFirmware
from domain.commands.intent import Intent
from domain.commands.load import (
    AFRRSignal,
    ClearChargingProfile,
    GetChargingProfiles,
    GetCompositeSchedule,
    SetChargingProfile,
    UpdateDynamicSchedule,
)
from domain.commands.monitoring import (
    AdjustPeriodicEventStream,
    ClearVariableMonitoring,
    GetMonitoringReport,
    GetPeriodicEventStream,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
)
from domain.commands.settings import (
    ChangePassword,
    ChangeSettings,
    GetReport,
    ReadSettings,
    SetNetworkProfile,
)
from domain.commands.tariffs import ChangeTransactionTariff, ClearTariffs, GetTariffs, SetDefaultTariff
from domain.commands.transactions import (
    CostUpdated,
    GetTransactionStatus,
    NotifyAllowedEnergyTransfer,
    RemoteStart,
    RemoteStop,
    UnlockConnector,
    UsePriorityCharging,
)
from domain.commands.upkeep import (
    ChangeAvailability,
    ClearCache,
    DataTransfer,
    Raw,
    Reset,
    TriggerMessage,
)

AnyIntent: TypeAlias = (
    RemoteStart
    | RemoteStop
    | UnlockConnector
    | GetTransactionStatus
    | CostUpdated
    | UsePriorityCharging
    | NotifyAllowedEnergyTransfer
    | Reset
    | ChangeAvailability
    | ClearCache
    | DataTransfer
    | TriggerMessage
    | Raw
    | ReadSettings
    | ChangeSettings
    | ChangePassword
    | GetReport
    | SetNetworkProfile
    | GetMonitoringReport
    | SetVariableMonitoring
    | ClearVariableMonitoring
    | SetMonitoringBase
    | SetMonitoringLevel
    | AdjustPeriodicEventStream
    | GetPeriodicEventStream
    | SetChargingProfile
    | ClearChargingProfile
    | GetChargingProfiles
    | GetCompositeSchedule
    | UpdateDynamicSchedule
    | AFRRSignal
    | SendLocalList
    | GetLocalListVersion
    | ReserveNow
    | CancelReservation
    | CustomerInformation
    | SetDisplayMessage
    | GetDisplayMessages
    | ClearDisplayMessage
    | NotifyWebPaymentStarted
    | RequestBatterySwap
    | UpdateFirmware
    | PublishFirmware
    | UnpublishFirmware
    | GetLog
    | CertificateSigned
    | InstallCertificate
    | DeleteCertificate
    | GetInstalledCertificateIds
    | SetDefaultTariff
    | GetTariffs
    | ClearTariffs
    | ChangeTransactionTariff
    | SetDERControl
    | GetDERControl
    | ClearDERControl
)

INTENTS: tuple[type[Intent], ...] = get_args(AnyIntent)
"""All classes of the union, grouped by subject."""
