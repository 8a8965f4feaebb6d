"""What can be configured on a charger: 1.6 keys and 2.x `Component.Variable` names in one kind of table."""

from collections.abc import Iterator

from entrypoints.simulator.story import Equipment

MEASURANDS = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC"


class Setting:
    """One key: its value, whether it may be written or read, and whether a change needs a restart."""

    __slots__ = ("needs_reboot", "read_only", "value", "write_only")

    def __init__(
        self, value: str, *, read_only: bool = False, write_only: bool = False, needs_reboot: bool = False
    ) -> None:
        self.value = value
        self.read_only = read_only
        self.write_only = write_only
        self.needs_reboot = needs_reboot


class Settings:
    """The table of one charger."""

    def __init__(self, table: dict[str, Setting]) -> None:
        self._table = table

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def __iter__(self) -> Iterator[tuple[str, Setting]]:
        return iter(self._table.items())

    def get(self, name: str) -> Setting | None:
        """The setting called `name`, None where this charger has no such key."""
        return self._table.get(name)

    def value(self, name: str) -> str:
        """The value of a key this charger surely has, else the empty text."""
        setting = self._table.get(name)
        return setting.value if setting else ""

    def number(self, name: str, default: float) -> float:
        """The value as a number, `default` where it is none."""
        try:
            return float(self.value(name))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        """The value as a boolean."""
        return self.value(name).strip().lower() == "true"

    def change(self, name: str, value: str) -> str:
        """Write a value: `Accepted`, `RebootRequired`, `Rejected` (read only, no such value) or `Unknown`."""
        setting = self._table.get(name)
        if setting is None:
            return "Unknown"
        if setting.read_only or (setting.value.isdigit() and not value.strip().isdigit()):
            return "Rejected"
        setting.value = value.strip()
        return "RebootRequired" if setting.needs_reboot else "Accepted"


def settings_of(equipment: Equipment) -> Settings:
    """The keys a charger of this version and size leaves the factory with."""
    return Settings(_keys_16(equipment) if equipment.version == "1.6" else _variables_2x(equipment))


def _keys_16(equipment: Equipment) -> dict[str, Setting]:
    table = {
        "AllowOfflineTxForUnknownId": Setting("true"),
        "AuthorizationCacheEnabled": Setting("true"),
        "AuthorizationKey": Setting("", write_only=True),
        "AuthorizeRemoteTxRequests": Setting("false"),
        "ChargeProfileMaxStackLevel": Setting("10", read_only=True),
        "ChargingScheduleAllowedChargingRateUnit": Setting("Current,Power", read_only=True),
        "ChargingScheduleMaxPeriods": Setting("24", read_only=True),
        "ClockAlignedDataInterval": Setting("0"),
        "ConnectionTimeOut": Setting("120"),
        "ConnectorPhaseRotation": Setting("NotApplicable"),
        "GetConfigurationMaxKeys": Setting("100", read_only=True),
        "HeartbeatInterval": Setting("300"),
        "LocalAuthListEnabled": Setting("true"),
        "LocalAuthListMaxLength": Setting("1000", read_only=True),
        "LocalAuthorizeOffline": Setting("true"),
        "LocalPreAuthorize": Setting("false"),
        "MaxChargingProfilesInstalled": Setting("20", read_only=True),
        "MeterValueSampleInterval": Setting("60"),
        "MeterValuesAlignedData": Setting("Energy.Active.Import.Register"),
        "MeterValuesSampledData": Setting(MEASURANDS),
        "MinimumStatusDuration": Setting("0"),
        "NumberOfConnectors": Setting(str(equipment.evses), read_only=True),
        "ResetRetries": Setting("3"),
        "SecurityProfile": Setting("1", needs_reboot=True),
        "SendLocalListMaxLength": Setting("100", read_only=True),
        "StopTransactionOnEVSideDisconnect": Setting("true"),
        "StopTransactionOnInvalidId": Setting("true"),
        "StopTxnAlignedData": Setting(""),
        "StopTxnSampledData": Setting("Energy.Active.Import.Register"),
        "SupportedFeatureProfiles": Setting(
            "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger",
            read_only=True,
        ),
        "TransactionMessageAttempts": Setting("10"),
        "TransactionMessageRetryInterval": Setting("30"),
        "UnlockConnectorOnEVSideDisconnect": Setting("true", read_only=equipment.tethered),
        "WebSocketPingInterval": Setting("0"),
    }
    if equipment.tethered:
        table["UnlockConnectorOnEVSideDisconnect"].value = "false"
    return table


def _variables_2x(equipment: Equipment) -> dict[str, Setting]:
    return {
        "AuthCacheCtrlr.Enabled": Setting("true"),
        "AuthCtrlr.AuthorizeRemoteStart": Setting("false"),
        "AuthCtrlr.LocalAuthorizeOffline": Setting("true"),
        "AuthCtrlr.LocalPreAuthorize": Setting("false"),
        "AuthCtrlr.OfflineTxForUnknownIdEnabled": Setting("true"),
        "ChargingStation.AvailabilityState": Setting("Available", read_only=True),
        "ChargingStation.Model": Setting(equipment.model, read_only=True),
        "ChargingStation.VendorName": Setting(equipment.vendor, read_only=True),
        "ClockCtrlr.TimeSource": Setting("Heartbeat"),
        "DeviceDataCtrlr.ItemsPerMessage": Setting("10", read_only=True),
        "LocalAuthListCtrlr.Enabled": Setting("true"),
        "OCPPCommCtrlr.HeartbeatInterval": Setting("300"),
        "OCPPCommCtrlr.MessageAttempts": Setting("10"),
        "OCPPCommCtrlr.MessageAttemptInterval": Setting("30"),
        "OCPPCommCtrlr.MessageTimeout": Setting("30"),
        "OCPPCommCtrlr.WebSocketPingInterval": Setting("0"),
        "SampledDataCtrlr.TxEndedMeasurands": Setting("Energy.Active.Import.Register"),
        "SampledDataCtrlr.TxUpdatedInterval": Setting("60"),
        "SampledDataCtrlr.TxUpdatedMeasurands": Setting(MEASURANDS),
        "SecurityCtrlr.BasicAuthPassword": Setting("", write_only=True),
        "SecurityCtrlr.SecurityProfile": Setting("1", read_only=True),
        "SmartChargingCtrlr.Enabled": Setting("true", read_only=True),
        "TxCtrlr.EVConnectionTimeOut": Setting("120"),
        "TxCtrlr.StopTxOnInvalidId": Setting("true"),
        "TxCtrlr.TxStartPoint": Setting("Authorized,EVConnected", read_only=True),
        "TxCtrlr.TxStopPoint": Setting("Authorized,EVConnected", read_only=True),
    }
