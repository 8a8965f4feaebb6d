"""The templates that come with Zeus. They are applied to nothing but chargers that were told to follow one.

Left alone on purpose: UnlockConnectorOnEVSideDisconnect (false for good on a fixed cable, true on a socket),
AuthorizeRemoteTxRequests (true in public, false in a fleet), ConnectorPhaseRotation (of the wiring),
HeartbeatInterval (told at every boot), and whatever the connection itself hangs on.
"""

from domain.desired_state.templates import Template

REGISTER = "Energy.Active.Import.Register"
SAMPLED = f"{REGISTER},Power.Active.Import,Current.Import,Voltage,Current.Offered,SoC"
"""The most important first: lists are cut from behind."""

_OCPP_16 = {
    "WebSocketPingInterval": "30",  # 0: it never pings, and a NAT forgets the connection within minutes
    "MeterValueSampleInterval": "30",
    "MeterValuesSampledData": SAMPLED,
    "ClockAlignedDataInterval": "900",
    "MeterValuesAlignedData": REGISTER,
    "StopTxnSampledData": REGISTER,
    "StopTxnAlignedData": REGISTER,
    "LocalPreAuthorize": "false",
    "LocalAuthorizeOffline": "true",
    "LocalAuthListEnabled": "true",
    "AllowOfflineTxForUnknownId": "false",  # Beny ships true: whoever comes, charges for nothing
    "AuthorizationCacheEnabled": "false",  # a blocked token would go on charging from the cache
    "StopTransactionOnInvalidId": "true",
    "MaxEnergyOnInvalidId": "0",
    "StopTransactionOnEVSideDisconnect": "true",
    "ConnectionTimeOut": "120",
    "MinimumStatusDuration": "3",
    "TransactionMessageAttempts": "10",  # too few, and the end of a transaction is lost
    "TransactionMessageRetryInterval": "30",
    "MessageTimeout": "60",
}

_OCPP_2X = {
    "OCPPCommCtrlr.WebSocketPingInterval": "30",
    "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": "10",
    "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": "30",
    "SampledDataCtrlr.TxUpdatedInterval": "30",
    "SampledDataCtrlr.TxUpdatedMeasurands": SAMPLED,
    "SampledDataCtrlr.TxStartedMeasurands": REGISTER,
    "SampledDataCtrlr.TxEndedMeasurands": REGISTER,
    "AlignedDataCtrlr.Interval": "900",
    "AlignedDataCtrlr.Measurands": REGISTER,
    "AuthCtrlr.LocalPreAuthorize": "false",
    "AuthCtrlr.LocalAuthorizeOffline": "true",
    "AuthCtrlr.OfflineTxForUnknownIdEnabled": "false",
    "AuthCacheCtrlr.Enabled": "false",
    "LocalAuthListCtrlr.Enabled": "true",
    "TxCtrlr.StopTxOnInvalidId": "true",
    "TxCtrlr.MaxEnergyOnInvalidId": "0",
    "TxCtrlr.StopTxOnEVSideDisconnect": "true",
    "TxCtrlr.EVConnectionTimeOut": "120",
}

BUILT_IN: tuple[Template, ...] = (
    Template(name="ocpp-1.6", protocol="1.6", settings=_OCPP_16),
    Template(name="ocpp-2.x", protocol="2.*", settings=_OCPP_2X),
)
