"""What must never be sent, and what must be sent just so; the rule stands with each case."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.ocpp.offering import compose, why_not
from adapters.ocpp.operation import CannotSay
from adapters.ocpp.versions import Version
from domain.charging_profiles.profile import Kind, Period, Purpose, Schedule, Unit
from domain.commands.drivers import CustomerInformation, ListEntry, ReserveNow, SendLocalList
from domain.commands.files import GetLog, LogKind, PublishFirmware, UpdateFirmware
from domain.commands.intent import SECRET, Abilities, Intent
from domain.commands.load import ClearChargingProfile, GetChargingProfiles, SetChargingProfile
from domain.commands.settings import ChangePassword, ChangeSettings, ReadSettings, SetNetworkProfile
from domain.commands.transactions import RemoteStart, RemoteStop, UnlockConnector
from domain.commands.upkeep import ChangeAvailability, DataTransfer, Raw, Reset, TriggerMessage
from domain.identity import IdToken
from tests.adapters.ocpp.calls.examples import AT, PEM, TOKEN, URL, profile

V16, V201, V21 = Version.V16, Version.V201, Version.V21
NOTHING = Abilities()
CARD = "04AABBCCDDEEFF"


def told(**settings: str) -> Abilities:
    """A charger that told these settings and has no others, with the dots of 2.x written as `__`."""
    held = {name.replace("__", "."): value for name, value in settings.items()}
    return Abilities(settings=held, complete=True)


def limited(limit: str, **fields: Any) -> SetChargingProfile:
    """A default profile for EVSE 1 with this limit."""
    schedule = Schedule(unit=Unit.A, periods=(Period(start_s=0, limit=Decimal(limit), **fields),))
    return SetChargingProfile(profile=replace(profile(Purpose.TX_DEFAULT), schedules=(schedule,)), evse_id=1)


REFUSED: list[tuple[str, tuple[Version, ...], Intent, Abilities, str]] = [
    ("1.6 §5.11: a TxProfile to start with", tuple(Version),
     RemoteStart(id_token=TOKEN, profile=profile(Purpose.TX_DEFAULT)), NOTHING, "TxProfile"),
    ("1.6 §5.11, 2.x K05: without a transaction", tuple(Version),
     RemoteStart(id_token=TOKEN, profile=profile(Purpose.TX, "7")), NOTHING, "none yet"),
    ("1.6 §5.11: without SmartCharging the profile is ignored", (V16,),
     RemoteStart(id_token=TOKEN, profile=profile(Purpose.TX)), Abilities(profiles=frozenset({"Core"})), "limit"),
    ("1.6 connectorId > 0, 2.x EvseId SHALL be > 0", tuple(Version),
     RemoteStart(id_token=TOKEN, evse_id=0), NOTHING, "0"),
    ("1.6 §7.28: 20 signs", (V16,), RemoteStart(id_token=IdToken("x" * 21)), NOTHING, "20 signs"),
    ("1.6: a transaction is a number", (V16,), RemoteStop(transaction="a-b"), NOTHING, "number"),
    ("1.6 has one connector for each EVSE", (V16,), UnlockConnector(evse_id=1, connector_id=2), NOTHING, "one conn"),
    ("unlock: connector above 0", tuple(Version), UnlockConnector(evse_id=0), NOTHING, "0"),
    ("1.6 resets as a whole", (V16,), Reset(evse_id=1), NOTHING, "whole"),
    ("ImmediateAndResume is of 2.1", (V16, V201), Reset(hard=True, resume=True), NOTHING, "2.1"),
    ("1.6: data is text", (V16,), DataTransfer(vendor_id="v", data={"a": 1}), NOTHING, "text"),
    ("1.6: ChargePointMaxProfile at connector 0 only; 2.x: EVSE 0", tuple(Version),
     SetChargingProfile(profile=profile(Purpose.CHARGER_MAX), evse_id=1), NOTHING, "as a whole"),
    ("1.6 §3.13, 2.x K01.FR.38: no relative maximum", tuple(Version),
     SetChargingProfile(profile=replace(profile(Purpose.CHARGER_MAX), kind=Kind.RELATIVE)), NOTHING, "relative"),
    ("1.6 §3.13, 2.x K01.FR.16: no TxProfile at 0", tuple(Version),
     SetChargingProfile(profile=profile(Purpose.TX, "7"), evse_id=0), NOTHING, "not for 0"),
    ("2.x K01.FR.03: a TxProfile names its transaction", (V201, V21),
     SetChargingProfile(profile=profile(Purpose.TX), evse_id=1), NOTHING, "K01.FR.03"),
    ("2.x K01.FR.22: no external constraints by us", (V201, V21),
     SetChargingProfile(profile=profile(Purpose.EXTERNAL)), NOTHING, "K01.FR.22"),
    ("1.6 knows three purposes", (V16,),
     SetChargingProfile(profile=profile(Purpose.EXTERNAL)), NOTHING, "purpose"),
    ("2.0.1 has no priority charging", (V201,),
     SetChargingProfile(profile=profile(Purpose.PRIORITY)), NOTHING, "chargingProfilePurpose"),
    ("one digit after the point", tuple(Version), limited("16.05"), NOTHING, "one digit"),
    ("1.6 has no phaseToUse", (V16,), limited("16", phases=1, phase_to_use=2), NOTHING, "phase"),
    ("errata 3.25: nothing named would clear all", tuple(Version), ClearChargingProfile(), NOTHING, "ame"),
    ("2.x K10.FR.02: an id or a criterion", (V201, V21), ClearChargingProfile(everything=True), NOTHING, "K10.FR.02"),
    ("2.x K10.FR.06: external constraints are not ours to clear", (V201, V21),
     ClearChargingProfile(purpose=Purpose.EXTERNAL), NOTHING, "K10.FR.06"),
    ("2.x K09.FR.03: ids or criteria", (V201, V21),
     GetChargingProfiles(profile_ids=(1,), stack_level=1), NOTHING, "K09.FR.03"),
    ("errata 3.40, 2.x F06.FR.17: no BootNotification once accepted", tuple(Version),
     TriggerMessage(message="BootNotification"), Abilities(accepted=True), "accepted"),
    ("2.x F06.FR.12: the status of one connector", (V201, V21),
     TriggerMessage(message="StatusNotification", evse_id=1), NOTHING, "F06.FR.12"),
    ("1.6 has no TransactionEvent", (V16,), TriggerMessage(message="TransactionEvent"), NOTHING, "TransactionEvent"),
    ("1.6 §5.3: one key a message", (V16,), ChangeSettings(values={"a": "1", "b": "2"}), NOTHING, "one setting"),
    ("A01.FR.09: no password in a log", (V16,), ChangeSettings(values={"authorizationKEY": "x"}), NOTHING, "log"),
    ("A01.FR.09: no password in a log (2.x)", (V201, V21),
     ChangeSettings(values={"SecurityCtrlr.BasicAuthPassword": "x"}), NOTHING, "log"),
    ("A01.FR.09: nor by the raw call", (V16,),
     Raw(action="ChangeConfiguration", payload={"key": "AuthorizationKey", "value": "x"}), NOTHING, "log"),
    ("a raw call of a charger's message", tuple(Version), Raw(action="Heartbeat", payload={}), NOTHING, "Heartbeat"),
    ("a variable once, however it is spelled", (V201, V21),
     ChangeSettings(values={"A[1].B": "x", "a.1.b": "y"}), NOTHING, "once"),
    ("1.6 GetConfigurationMaxKeys", (V16,),
     ReadSettings(names=("a", "b")), told(GetConfigurationMaxKeys="1"), "at most 1"),
    ("2.x ItemsPerMessage", (V201, V21), ReadSettings(names=("A.B", "A.C")),
     Abilities(settings={"DeviceDataCtrlr.ItemsPerMessage[GetVariables]": "1"}), "at most 1"),
    ("2.x: a variable has a component", (V201, V21), ReadSettings(names=("HeartbeatInterval",)), NOTHING, "variable"),
    ("errata 3.52, 2.x D01.FR.18: version above 0", tuple(Version), SendLocalList(version=0), NOTHING, "above 0"),
    ("1.6 SendLocalListMaxLength", (V16,),
     SendLocalList(version=1, entries=(ListEntry(id_token=TOKEN), ListEntry(id_token=IdToken("b")))),
     told(SendLocalListMaxLength="1"), "at most 1"),
    ("a token once, case aside", tuple(Version),
     SendLocalList(version=1, entries=(ListEntry(id_token=IdToken("ab")), ListEntry(id_token=IdToken("AB")))),
     NOTHING, "once"),
    ("a whole list takes nothing off", tuple(Version),
     SendLocalList(version=1, entries=(ListEntry(id_token=TOKEN, status=""),)), NOTHING, "leaving it out"),
    ("1.6 ReserveConnectorZeroSupported is absent", (V16,),
     ReserveNow(reservation_id=1, id_token=TOKEN, expires_at=AT), told(HeartbeatInterval="300"), "Zero"),
    ("2.x H01.FR.18, H01.FR.19", (V201, V21),
     ReserveNow(reservation_id=1, id_token=TOKEN, expires_at=AT),
     told(ReservationCtrlr__NonEvseSpecific="false"), "NonEvseSpecific"),
    ("2.x N09.FR.09: a customer named in one way", (V201, V21),
     CustomerInformation(id_token=TOKEN, customer="Ann"), NOTHING, "N09.FR.09"),
    ("signed firmware: both or neither", tuple(Version),
     UpdateFirmware(location=URL, retrieve_at=AT, signature="c2ln"), NOTHING, "both"),
    ("1.6 §5.19: no time to install at", (V16,),
     UpdateFirmware(location=URL, retrieve_at=AT, install_at=AT), NOTHING, "install"),
    ("1.6 SupportedFileTransferProtocols", (V16,), UpdateFirmware(location=URL, retrieve_at=AT),
     told(SupportedFileTransferProtocols="FTP, HTTP"), "not by HTTPS"),
    ("2.x FileTransferProtocols", (V201, V21), UpdateFirmware(location=URL, retrieve_at=AT),
     told(OCPPCommCtrlr__FileTransferProtocols="FTP"), "not by HTTPS"),
    ("no URL", tuple(Version), GetLog(location="//["), NOTHING, "URL"),
    ("1.6 without the security extension has no security log", (V16,),
     GetLog(location=URL, kind=LogKind.SECURITY), told(HeartbeatInterval="300"), "security"),
    ("an MD5", (V201, V21), PublishFirmware(location=URL, checksum="abc"), NOTHING, "MD5"),
    ("2.0.1: no password in a network profile", (V201,),
     SetNetworkProfile(slot=1, url="wss://x", security_profile=2, credential_id="c"), NOTHING, "2.1"),
    ("numbers beyond 64 bits", tuple(Version), Raw(action="ClearCache", payload={"n": 2**70}), NOTHING, "JSON"),
    ("a connector without its EVSE", tuple(Version), ChangeAvailability(operative=True, connector_id=1),
     NOTHING, "together"),
]  # fmt: skip
CASES = [(version, *case[2:]) for case in REFUSED for version in case[1]]
IDS = [f"{version} {case[0]}" for case in REFUSED for version in case[1]]


@pytest.mark.parametrize(("version", "intent", "abilities", "why"), CASES, ids=IDS)
def test_it_is_refused_before_sending_with_the_reason(
    version: Version, intent: Intent, abilities: Abilities, why: str
) -> None:
    with pytest.raises(CannotSay, match=why.replace(".", r"\.")):
        compose(version, intent, abilities)
    assert why in why_not(version, intent, abilities)


def payload(version: Version, intent: Intent, abilities: Abilities = NOTHING) -> dict[str, Any]:
    return compose(version, intent, abilities).payload


def test_the_profile_of_a_remote_start_names_no_transaction() -> None:
    start = RemoteStart(id_token=TOKEN, evse_id=1, profile=profile(Purpose.TX))
    assert "transactionId" not in payload(V16, start)["chargingProfile"]
    assert "transactionId" not in payload(V201, start)["chargingProfile"]


@pytest.mark.parametrize("version", Version)
@given(tenths=st.integers(0, 10**6))
def test_a_limit_keeps_its_decimal(version: Version, tenths: int) -> None:
    call = payload(version, limited(str(Decimal(tenths) / 10)))
    held = call["csChargingProfiles"] if version is V16 else call["chargingProfile"]
    schedule = held["chargingSchedule"] if version is V16 else held["chargingSchedule"][0]
    limit = schedule["chargingSchedulePeriod"][0]["limit"]
    assert Decimal(repr(limit)) * 10 == tenths


def test_passwords_are_a_placeholder() -> None:
    change = ChangePassword(credential_id="c1")
    assert payload(V16, change) == {"key": "AuthorizationKey", "value": SECRET}
    (wanted,) = payload(V201, change)["setVariableData"]
    assert wanted["attributeValue"] == SECRET
    assert payload(V21, change) == payload(V201, change)
    network = SetNetworkProfile(slot=1, url="wss://x", security_profile=2, credential_id="c1")
    assert payload(V21, network)["connectionData"]["basicAuthPassword"] == SECRET


def test_times_are_written_the_one_way() -> None:
    assert (
        payload(V16, UpdateFirmware(location=URL, retrieve_at=AT))["retrieveDate"]
        == "2026-11-22T12:00:00.000Z"
    )


def test_the_security_extension_decides_how_a_log_is_fetched() -> None:
    extended = told(AdditionalRootCertificateCheck="true")
    log = GetLog(location=URL)
    assert compose(V16, log, NOTHING).action == "GetDiagnostics"
    assert compose(V16, log, extended).action == "GetLog"
    assert compose(V16, GetLog(location=URL, kind=LogKind.SECURITY), NOTHING).action == "GetLog"
    status = TriggerMessage(message="LogStatusNotification")
    assert compose(V16, status, NOTHING).payload == {"requestedMessage": "DiagnosticsStatusNotification"}
    assert compose(V16, status, extended).action == "ExtendedTriggerMessage"


def test_signed_firmware_has_a_message_of_its_own_in_1_6() -> None:
    signed = UpdateFirmware(
        location=URL, retrieve_at=AT, install_at=AT, certificate=PEM, signature="c2ln", request_id=7
    )
    assert compose(V16, signed, NOTHING).action == "SignedUpdateFirmware"
    assert compose(V201, signed, NOTHING).action == "UpdateFirmware"


def test_a_trigger_for_the_whole_charger_names_no_connector() -> None:
    meter = TriggerMessage(message="MeterValues", evse_id=0)
    assert payload(V16, meter) == payload(V201, meter) == {"requestedMessage": "MeterValues"}


def test_everything_is_cleared_in_1_6_by_an_empty_request_when_said_so() -> None:
    assert payload(V16, ClearChargingProfile(everything=True)) == {}


def test_all_profiles_are_asked_for_by_all_who_set_them() -> None:
    assert payload(V201, GetChargingProfiles(request_id=1))["chargingProfile"] == {
        "chargingLimitSource": ["CSO", "EMS", "SO", "Other"]
    }


def test_an_update_without_a_status_takes_a_token_off() -> None:
    update = SendLocalList(version=2, full=False, entries=(ListEntry(id_token=TOKEN, status=""),))
    assert payload(V16, update)["localAuthorizationList"] == [{"idTag": "04AABBCC"}]
    assert payload(V201, update)["localAuthorizationList"] == [
        {"idToken": {"idToken": "04AABBCC", "type": "ISO14443"}}
    ]


def test_an_empty_whole_list_is_sent_without_entries() -> None:
    """2.x: the schema wants one entry at least."""
    for version in Version:
        assert "localAuthorizationList" not in payload(version, SendLocalList(version=2))


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (IdToken("04AABBCC"), "ISO14443"),
        (IdToken(CARD), "ISO14443"),
        (IdToken("E004015012345678"), "ISO15693"),
        (IdToken("driver-7"), "Central"),
        (IdToken("DE-8AA-123", "eMAID"), "eMAID"),
    ],
)
def test_2_x_is_told_what_kind_of_token_it_is(token: IdToken, kind: str) -> None:
    assert payload(V201, RemoteStart(id_token=token))["idToken"] == {"idToken": token.value, "type": kind}


def test_a_refusal_does_not_tell_the_token() -> None:
    reason = why_not(V201, RemoteStart(id_token=IdToken("SECRET" * 10, "Central")), NOTHING)
    assert "36" in reason
    assert "SECRET" not in reason


def test_a_setting_is_read_by_its_component() -> None:
    (wanted,) = payload(V201, ReadSettings(names=("Connector[a]#1/2.Available",)))["getVariableData"]
    assert wanted == {
        "component": {"name": "Connector", "instance": "a", "evse": {"id": 1, "connectorId": 2}},
        "variable": {"name": "Available"},
    }
