"""Every intent that 1.6 has words for, and the module that has them."""

from collections.abc import Mapping

from adapters.ocpp.operation import Operation
from adapters.ocpp.raw_call import RawCall
from adapters.ocpp.v16.calls import (
    authorization_key,
    cancel_reservation,
    certificate_signed,
    change_availability,
    change_configuration,
    clear_cache,
    clear_charging_profile,
    data_transfer,
    delete_certificate,
    get_composite_schedule,
    get_configuration,
    get_installed_certificate_ids,
    get_local_list_version,
    get_log,
    install_certificate,
    remote_start_transaction,
    remote_stop_transaction,
    reserve_now,
    reset,
    send_local_list,
    set_charging_profile,
    trigger_message,
    unlock_connector,
    update_firmware,
)
from adapters.ocpp.versions import Version
from domain.commands.certificates import (
    CertificateSigned,
    DeleteCertificate,
    GetInstalledCertificateIds,
    InstallCertificate,
)
from domain.commands.drivers import CancelReservation, GetLocalListVersion, ReserveNow, SendLocalList
from domain.commands.files import GetLog, UpdateFirmware
from domain.commands.intent import Intent
from domain.commands.load import ClearChargingProfile, GetCompositeSchedule, SetChargingProfile
from domain.commands.settings import ChangePassword, ChangeSettings, ReadSettings
from domain.commands.transactions import RemoteStart, RemoteStop, UnlockConnector
from domain.commands.upkeep import ChangeAvailability, ClearCache, DataTransfer, Raw, Reset, TriggerMessage

CALLS: Mapping[type[Intent], Operation] = {
    RemoteStart: remote_start_transaction,
    RemoteStop: remote_stop_transaction,
    UnlockConnector: unlock_connector,
    Reset: reset,
    ChangeAvailability: change_availability,
    ClearCache: clear_cache,
    DataTransfer: data_transfer,
    TriggerMessage: trigger_message,
    Raw: RawCall(Version.V16),
    ReadSettings: get_configuration,
    ChangeSettings: change_configuration,
    ChangePassword: authorization_key,
    SetChargingProfile: set_charging_profile,
    ClearChargingProfile: clear_charging_profile,
    GetCompositeSchedule: get_composite_schedule,
    SendLocalList: send_local_list,
    GetLocalListVersion: get_local_list_version,
    ReserveNow: reserve_now,
    CancelReservation: cancel_reservation,
    UpdateFirmware: update_firmware,
    GetLog: get_log,
    CertificateSigned: certificate_signed,
    InstallCertificate: install_certificate,
    DeleteCertificate: delete_certificate,
    GetInstalledCertificateIds: get_installed_certificate_ids,
}

FEATURE_PROFILES: Mapping[str, str] = {
    "CancelReservation": "Reservation",
    "ClearChargingProfile": "SmartCharging",
    "GetCompositeSchedule": "SmartCharging",
    "GetDiagnostics": "FirmwareManagement",
    "GetLocalListVersion": "LocalAuthListManagement",
    "ReserveNow": "Reservation",
    "SendLocalList": "LocalAuthListManagement",
    "SetChargingProfile": "SmartCharging",
    "TriggerMessage": "RemoteTrigger",
    "UpdateFirmware": "FirmwareManagement",
}
"""Action → the feature profile it belongs to (§3.2), beside Core, which every charger has.

The actions of the security extension belong to none.
"""
EXTENSION = frozenset(
    {
        "CertificateSigned", "DeleteCertificate", "ExtendedTriggerMessage", "GetInstalledCertificateIds", "GetLog",
        "InstallCertificate", "SignedUpdateFirmware",
    }
)  # fmt: skip
"""Actions of the security extension."""
