"""What people would write into intents, so that most random ones can be said."""

from decimal import Decimal

from hypothesis import strategies as st
from msgspec.structs import replace

from domain.charging_profiles.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    Recurrency,
    Schedule,
    Unit,
)
from domain.commands.settings import Inventory
from domain.identity import IdToken
from tests.intents import START, Likely

_names = st.sampled_from(
    [
        "AuthCtrlr.LocalPreAuthorize",
        "OCPPCommCtrlr.MessageTimeout[Default]",
        "NetworkConfiguration[1].OcppCsmsUrl",
        "Connector#1/2.Available",
        "EVSE#1.Power",
    ]
)
_tenths = st.integers(0, 5000).map(lambda n: Decimal(n) / 10)
_ids = st.integers(1, 1000)
_periods = st.builds(
    Period, start_s=st.integers(0, 86_400), limit=_tenths, phases=st.sampled_from([None, 1, 3])
)
_schedules = st.builds(
    Schedule,
    unit=st.sampled_from(Unit),
    periods=st.lists(_periods, min_size=1, max_size=3).map(tuple),
    duration_s=st.none() | st.integers(1, 86_400),
    start_at=st.none() | st.just(START),
    min_rate=st.none() | _tenths,
)
_profiles = st.builds(
    ChargingProfile,
    profile_id=_ids,
    stack_level=st.integers(0, 10),
    purpose=st.just(Purpose.TX_DEFAULT),
    kind=st.sampled_from([Kind.ABSOLUTE, Kind.RELATIVE]),
    schedules=st.tuples(_schedules),
    recurrency=st.none() | st.just(Recurrency.DAILY),
    valid_from=st.none() | st.just(START),
)
_tx_profiles = _profiles.map(lambda profile: replace(profile, purpose=Purpose.TX))
_hash = st.text("0123456789abcdef", min_size=1, max_size=40)
_curve = {"curveData": [{"x": 1.5, "y": 2}], "priority": 1, "yUnit": "PctMaxW"}

LIKELY: Likely = {
    "id_token": st.sampled_from(
        [IdToken("04AABBCC"), IdToken("D-1", "Central"), IdToken("DE-8AA-1", "eMAID")]
    ),
    "group_id_token": st.just(IdToken("FLEET", "Central")),
    "evse_id": st.integers(0, 3),
    "UnlockConnector.evse_id": st.integers(1, 3),
    "NotifyWebPaymentStarted.evse_id": st.integers(1, 3),
    "RemoteStart.evse_id": st.integers(1, 3),
    "connector_id": st.sampled_from([1, 1, 2]),
    "transaction": st.integers(1, 10**6).map(str),
    "total_cost": _tenths,
    "modes": st.sampled_from(["AC_three_phase", "DC", "DC_BPT"]),
    "resume": st.just(False),
    "vendor_id": st.just("com.example"),
    "message_id": st.text(max_size=50),
    "DisplayMessage.message_id": _ids,
    "ClearDisplayMessage.message_id": _ids,
    "data": st.text(max_size=20),
    "TriggerMessage.message": st.sampled_from(
        ["Heartbeat", "StatusNotification", "MeterValues", "LogStatusNotification"]
    ),
    "custom": st.just(""),
    "names": _names,
    "MonitorWanted.name": _names,
    "inventory": st.just(Inventory.FULL),
    "values": st.dictionaries(_names, st.text(max_size=20), min_size=1, max_size=1),
    "AdjustPeriodicEventStream.values": st.integers(0, 100),
    "request_id": st.integers(0, 10**6),
    "slot": _ids,
    "url": st.just("wss://csms.example.com/ocpp"),
    "security_profile": st.integers(1, 3),
    "message_timeout_s": _ids,
    "interface": st.sampled_from(["Wired0", "Wireless1"]),
    "Apn.name": st.just("internet"),
    "Apn.user": st.just("user"),
    "preferred_network": st.just("26201"),
    "authentication": st.sampled_from(["NONE", "PAP"]),
    "identity": st.just(""),
    "credential_id": st.just(""),
    "MonitorWanted.kind": st.sampled_from(["UpperThreshold", "Delta", "Periodic"]),
    "MonitorWanted.value": _tenths,
    "severity": st.integers(0, 9),
    "monitor_id": _ids,
    "monitor_ids": _ids,
    "stream_id": _ids,
    "interval_s": _ids,
    "stream_interval_s": st.none(),
    "stream_values": st.none(),
    "profile_id": _ids,
    "profile_ids": _ids,
    "stack_level": st.integers(0, 10),
    "purpose": st.sampled_from([Purpose.CHARGER_MAX, Purpose.TX_DEFAULT, Purpose.TX]),
    "CertificateSigned.purpose": st.just("ChargingStationCertificate"),
    "SetChargingProfile.profile": _profiles,
    "RemoteStart.profile": _tx_profiles,
    "sources": st.sampled_from(["CSO", "EMS"]),
    "everything": st.just(False),
    "Limits.limit": _tenths,
    "discharge_limit": _tenths.map(lambda value: -value),
    "duration_s": st.integers(1, 86_400),
    "version": _ids,
    "status": st.sampled_from(["Accepted", "Blocked"]),
    "group": st.sampled_from(["", "FLEET"]),
    "reservation_id": _ids,
    "connector_type": st.sampled_from(["", "", "cCCS2"]),
    "customer": st.just(""),
    "priority": st.sampled_from(["AlwaysFront", "NormalCycle"]),
    "format": st.sampled_from(["UTF8", "ASCII"]),
    "content": st.text(min_size=1, max_size=100),
    "language": st.sampled_from(["", "en"]),
    "state": st.sampled_from(["", "Charging"]),
    "message_ids": _ids,
    "timeout_s": _ids,
    "location": st.just("https://csms.example.com/files/1?signature=abc"),
    "InstallCertificate.certificate": st.text(min_size=1, max_size=100),
    "UpdateFirmware.certificate": st.just(""),
    "signature": st.just(""),
    "retries": st.integers(0, 10),
    "retry_interval_s": st.integers(0, 600),
    "checksum": st.text("0123456789abcdef", min_size=32, max_size=32),
    "algorithm": st.just("SHA256"),
    "issuer_name": _hash,
    "issuer_key": _hash,
    "serial": _hash,
    "InstallCertificate.kind": st.sampled_from(["CSMSRootCertificate", "ManufacturerRootCertificate"]),
    "kinds": st.sampled_from(["CSMSRootCertificate", "ManufacturerRootCertificate"]),
    "tariff": st.just({"tariffId": "T1", "currency": "EUR", "energy": {"prices": [{"priceKwh": 0.4}]}}),
    "tariff_ids": st.sampled_from(["T1", "T2"]),
    "control": st.just({"curve": _curve}),
    "control_id": st.sampled_from(["C1", "C2"]),
    "SetDERControl.kind": st.just("VoltWatt"),
    "GetDERControl.kind": st.sampled_from(["", "VoltWatt"]),
    "ClearDERControl.kind": st.sampled_from(["", "VoltWatt"]),
}
