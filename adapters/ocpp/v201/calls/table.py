"""Every intent that 2.0.1 has words for, and the module that has them."""

from collections.abc import Mapping

from adapters.ocpp.operation import Operation
from adapters.ocpp.raw_call import RawCall
from adapters.ocpp.v2x.calls import (
    basic_auth_password,
    cancel_reservation,
    certificate_signed,
    change_availability,
    clear_cache,
    clear_charging_profile,
    clear_display_message,
    clear_variable_monitoring,
    cost_updated,
    customer_information,
    data_transfer,
    delete_certificate,
    get_charging_profiles,
    get_composite_schedule,
    get_display_messages,
    get_installed_certificate_ids,
    get_local_list_version,
    get_log,
    get_monitoring_report,
    get_report,
    get_transaction_status,
    install_certificate,
    publish_firmware,
    read_settings,
    request_start_transaction,
    request_stop_transaction,
    reserve_now,
    reset,
    send_local_list,
    set_charging_profile,
    set_display_message,
    set_monitoring_base,
    set_monitoring_level,
    set_network_profile,
    set_variable_monitoring,
    set_variables,
    trigger_message,
    unlock_connector,
    unpublish_firmware,
    update_firmware,
)
from adapters.ocpp.versions import Version
from domain.commands.certificates import (
    CertificateSigned,
    DeleteCertificate,
    GetInstalledCertificateIds,
    InstallCertificate,
)
from domain.commands.drivers import (
    CancelReservation,
    ClearDisplayMessage,
    CustomerInformation,
    GetDisplayMessages,
    GetLocalListVersion,
    ReserveNow,
    SendLocalList,
    SetDisplayMessage,
)
from domain.commands.files import GetLog, PublishFirmware, UnpublishFirmware, UpdateFirmware
from domain.commands.intent import Intent
from domain.commands.load import (
    ClearChargingProfile,
    GetChargingProfiles,
    GetCompositeSchedule,
    SetChargingProfile,
)
from domain.commands.monitoring import (
    ClearVariableMonitoring,
    GetMonitoringReport,
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
from domain.commands.transactions import (
    CostUpdated,
    GetTransactionStatus,
    RemoteStart,
    RemoteStop,
    UnlockConnector,
)
from domain.commands.upkeep import ChangeAvailability, ClearCache, DataTransfer, Raw, Reset, TriggerMessage

CALLS: Mapping[type[Intent], Operation] = {
    RemoteStart: request_start_transaction,
    RemoteStop: request_stop_transaction,
    UnlockConnector: unlock_connector,
    GetTransactionStatus: get_transaction_status,
    CostUpdated: cost_updated,
    Reset: reset,
    ChangeAvailability: change_availability,
    ClearCache: clear_cache,
    DataTransfer: data_transfer,
    TriggerMessage: trigger_message,
    Raw: RawCall(Version.V201),
    ReadSettings: read_settings,
    ChangeSettings: set_variables,
    ChangePassword: basic_auth_password,
    GetReport: get_report,
    SetNetworkProfile: set_network_profile,
    GetMonitoringReport: get_monitoring_report,
    SetVariableMonitoring: set_variable_monitoring,
    ClearVariableMonitoring: clear_variable_monitoring,
    SetMonitoringBase: set_monitoring_base,
    SetMonitoringLevel: set_monitoring_level,
    SetChargingProfile: set_charging_profile,
    ClearChargingProfile: clear_charging_profile,
    GetChargingProfiles: get_charging_profiles,
    GetCompositeSchedule: get_composite_schedule,
    SendLocalList: send_local_list,
    GetLocalListVersion: get_local_list_version,
    ReserveNow: reserve_now,
    CancelReservation: cancel_reservation,
    CustomerInformation: customer_information,
    SetDisplayMessage: set_display_message,
    GetDisplayMessages: get_display_messages,
    ClearDisplayMessage: clear_display_message,
    UpdateFirmware: update_firmware,
    PublishFirmware: publish_firmware,
    UnpublishFirmware: unpublish_firmware,
    GetLog: get_log,
    CertificateSigned: certificate_signed,
    InstallCertificate: install_certificate,
    DeleteCertificate: delete_certificate,
    GetInstalledCertificateIds: get_installed_certificate_ids,
}
