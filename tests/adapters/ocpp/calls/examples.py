"""One sensible intent of every class; two where it may become two actions."""

from datetime import UTC, datetime
from decimal import Decimal

from domain.chargers.drivers import DisplayMessage
from domain.chargers.security import CertificateHash
from domain.charging_profiles.profile import ChargingProfile, Kind, Period, Purpose, Schedule, Unit
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
    ListEntry,
    NotifyWebPaymentStarted,
    RequestBatterySwap,
    ReserveNow,
    SendLocalList,
    SetDisplayMessage,
)
from domain.commands.files import GetLog, LogKind, PublishFirmware, UnpublishFirmware, UpdateFirmware
from domain.commands.intent import Intent
from domain.commands.load import (
    AFRRSignal,
    ClearChargingProfile,
    GetChargingProfiles,
    GetCompositeSchedule,
    Limits,
    SetChargingProfile,
    UpdateDynamicSchedule,
)
from domain.commands.monitoring import (
    AdjustPeriodicEventStream,
    ClearVariableMonitoring,
    GetMonitoringReport,
    GetPeriodicEventStream,
    MonitoringBase,
    MonitorWanted,
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
from domain.commands.upkeep import ChangeAvailability, ClearCache, DataTransfer, Reset, TriggerMessage
from domain.identity import IdToken

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOKEN = IdToken("04AABBCC")
CERTIFICATE = CertificateHash(algorithm="SHA256", issuer_name="aa", issuer_key="bb", serial="01")
PEM = "-----BEGIN CERTIFICATE-----"
URL = "https://csms.example.com/files/1"
TARIFF = {"tariffId": "T1", "currency": "EUR", "energy": {"prices": [{"priceKwh": 0.4}]}}
CURVE = {"curve": {"curveData": [{"x": 1.5, "y": 2}], "priority": 1, "yUnit": "PctMaxW"}}


def profile(purpose: Purpose, transaction: str = "") -> ChargingProfile:
    """16 A for ever."""
    schedule = Schedule(unit=Unit.A, periods=(Period(start_s=0, limit=Decimal(16)),), start_at=AT)
    return ChargingProfile(
        profile_id=1,
        stack_level=0,
        purpose=purpose,
        kind=Kind.ABSOLUTE,
        schedules=(schedule,),
        transaction=transaction,
    )


EXAMPLES: tuple[Intent, ...] = (
    RemoteStart(id_token=TOKEN, evse_id=1, profile=profile(Purpose.TX), request_id=7),
    RemoteStop(transaction="7"),
    UnlockConnector(evse_id=1),
    GetTransactionStatus(transaction="7"),
    CostUpdated(transaction="7", total_cost=Decimal("3.20")),
    UsePriorityCharging(transaction="7", active=True),
    NotifyAllowedEnergyTransfer(transaction="7", modes=("DC",)),
    Reset(hard=True),
    ChangeAvailability(operative=False, evse_id=1, connector_id=1),
    ClearCache(),
    DataTransfer(vendor_id="com.example", message_id="hello", data="there"),
    TriggerMessage(message="MeterValues", evse_id=1),
    TriggerMessage(message="SignChargingStationCertificate"),
    ReadSettings(),
    ReadSettings(names=("AuthCtrlr.LocalPreAuthorize",)),
    ChangeSettings(values={"AuthCtrlr.LocalPreAuthorize": "true"}),
    ChangePassword(credential_id="c1"),
    GetReport(names=("EVSE#1",), request_id=7),
    SetNetworkProfile(slot=1, url="wss://csms.example.com/ocpp", security_profile=2),
    GetMonitoringReport(request_id=7),
    SetVariableMonitoring(
        monitors=(
            MonitorWanted(name="EVSE#1.Power", kind="UpperThreshold", value=Decimal("11.5"), severity=3),
        )
    ),
    ClearVariableMonitoring(monitor_ids=(1, 2)),
    SetMonitoringBase(base=MonitoringBase.ALL),
    SetMonitoringLevel(severity=4),
    AdjustPeriodicEventStream(stream_id=1, interval_s=10),
    GetPeriodicEventStream(),
    SetChargingProfile(profile=profile(Purpose.TX, "7"), evse_id=1),
    ClearChargingProfile(purpose=Purpose.TX_DEFAULT),
    GetChargingProfiles(request_id=7),
    GetCompositeSchedule(duration_s=3600, evse_id=1),
    UpdateDynamicSchedule(profile_id=1, limits=Limits(limit=(Decimal(10), Decimal(11), Decimal(12)))),
    AFRRSignal(at=AT, signal=5),
    SendLocalList(version=3, entries=(ListEntry(id_token=TOKEN, group="FLEET"),)),
    GetLocalListVersion(),
    ReserveNow(reservation_id=5, id_token=TOKEN, expires_at=AT, evse_id=1),
    CancelReservation(reservation_id=5),
    CustomerInformation(id_token=TOKEN, request_id=7),
    SetDisplayMessage(
        message=DisplayMessage(message_id=1, priority="InFront", format="UTF8", content="Hello", evse_id=2)
    ),
    GetDisplayMessages(request_id=7),
    ClearDisplayMessage(message_id=1),
    NotifyWebPaymentStarted(evse_id=1, timeout_s=120),
    RequestBatterySwap(id_token=TOKEN, request_id=7),
    UpdateFirmware(location=URL, retrieve_at=AT),
    UpdateFirmware(location=URL, retrieve_at=AT, certificate=PEM, signature="c2ln", request_id=7),
    PublishFirmware(location=URL, checksum="0" * 32, request_id=7),
    UnpublishFirmware(checksum="0" * 32),
    GetLog(location=URL),
    GetLog(location=URL, kind=LogKind.SECURITY, oldest_at=AT, request_id=7),
    CertificateSigned(chain=PEM),
    InstallCertificate(certificate=PEM, kind="CSMSRootCertificate"),
    DeleteCertificate(certificate=CERTIFICATE),
    GetInstalledCertificateIds(kinds=("CSMSRootCertificate",)),
    SetDefaultTariff(tariff=TARIFF),
    GetTariffs(),
    ClearTariffs(tariff_ids=("T1",)),
    ChangeTransactionTariff(transaction="7", tariff=TARIFF),
    SetDERControl(control_id="C1", kind="VoltWatt", control=CURVE),
    GetDERControl(request_id=7),
    ClearDERControl(default=False, control_id="C1"),
)
"""At least one of every intent, Raw aside."""
