"""The core actions one by one: what a payload says in our words, and what an outcome says on the wire."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.ocpp.v16 import actions as v16
from adapters.ocpp.v21 import actions as v21
from adapters.ocpp.v201 import actions as v201
from adapters.ocpp.vendor_data import beny_readings
from adapters.ocpp.versions import Version
from application.reports import TransactionAnswer
from domain.chargers.boot import BootReport
from domain.chargers.events import DataTransferred, Metered, StatusReported
from domain.id_tokens.id_token import Authorization, Verdict
from domain.identity import IdToken
from domain.metering import BEGIN, END, ENERGY_IMPORT, Reading
from domain.transactions.report import Phase, TransactionReport
from tests.stories.line import ACTIONS, Line

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STAMP = "2026-03-01T12:00:00Z"
TWO_X = [v201.ACTIONS, v21.ACTIONS]


@pytest.mark.parametrize(
    ("word", "status", "activity"),
    [
        ("Available", "Available", ""),
        ("Preparing", "Occupied", "Preparing"),
        ("Charging", "Occupied", "Charging"),
        ("SuspendedEV", "Occupied", "SuspendedEV"),
        ("SuspendedEVSE", "Occupied", "SuspendedEVSE"),
        ("Finishing", "Occupied", "Finishing"),
        ("Reserved", "Reserved", ""),
        ("Unavailable", "Unavailable", ""),
        ("Faulted", "Faulted", ""),
    ],
)
def test_statuses_of_16(word: str, status: str, activity: str) -> None:
    payload = {"connectorId": 3, "status": word, "errorCode": "NoError", "timestamp": STAMP}
    report = v16.ACTIONS["StatusNotification"].to_report(payload)
    assert report.body == StatusReported(evse_id=3, connector_id=1, status=status, activity=activity)
    assert report.at == AT


def test_connector_0_is_the_charger_itself_and_faults_keep_their_codes() -> None:
    payload = {
        "connectorId": 0,
        "status": "Faulted",
        "errorCode": "OtherError",
        "info": "Pilot",
        "vendorId": "UC",
        "vendorErrorCode": "0x20",
    }
    report = v16.ACTIONS["StatusNotification"].to_report(payload)
    assert report.body == StatusReported(
        evse_id=0,
        connector_id=0,
        status="Faulted",
        error_code="OtherError",
        info="Pilot",
        vendor_id="UC",
        vendor_error_code="0x20",
    )
    assert report.at is None


@pytest.mark.parametrize(("sent", "kept"), [(0, None), (None, None), (7, 7)])
def test_reservation_0_is_none_in_16(sent: int | None, kept: int | None) -> None:
    payload = {"connectorId": 1, "idTag": "A", "meterStart": 5, "timestamp": STAMP}
    if sent is not None:
        payload["reservationId"] = sent
    body = v16.ACTIONS["StartTransaction"].to_report(payload).body
    assert isinstance(body, TransactionReport)
    assert (body.phase, body.reservation_id) == (Phase.STARTED, kept)
    (sample,) = body.samples
    assert (sample.at, sample.context) == (AT, BEGIN)
    assert sample.readings == (Reading(ENERGY_IMPORT, Decimal(5), "Wh"),)


@pytest.mark.parametrize(("tag", "token"), [("CARD", IdToken("CARD")), ("", None), (None, None)])
def test_stop_transaction(tag: str | None, token: IdToken | None) -> None:
    data = [{"timestamp": "garbled", "sampledValue": [{"value": "3", "context": BEGIN}]}]
    payload: dict[str, Any] = {
        "transactionId": -1,
        "meterStop": 9,
        "timestamp": STAMP,
        "transactionData": data,
    }
    if tag is not None:
        payload["idTag"] = tag
    body = v16.ACTIONS["StopTransaction"].to_report(payload).body
    assert isinstance(body, TransactionReport)
    assert (body.phase, body.number, body.reason, body.id_token) == (Phase.ENDED, -1, "Local", token)
    assert [(s.at, s.context) for s in body.samples] == [(AT, END), (AT, BEGIN)]


@pytest.mark.parametrize(
    ("number", "claimed"), [(None, ""), (0, "0")], ids=["absent", "zero, which we never give out"]
)
def test_readings_of_no_transaction(number: int | None, claimed: str) -> None:
    payload: dict[str, Any] = {
        "connectorId": 1,
        "meterValue": [{"timestamp": STAMP, "sampledValue": [{"value": "1"}]}],
    }
    if number is not None:
        payload["transactionId"] = number
    report = v16.ACTIONS["MeterValues"].to_report(payload)
    assert isinstance(report.body, Metered)
    assert (report.body.claimed_transaction, report.at) == (claimed, AT)


@pytest.mark.parametrize("number", [-1, 1, 2**63 - 1])
def test_readings_of_a_transaction_keep_its_number(number: int) -> None:
    payload = {
        "connectorId": 1,
        "transactionId": number,
        "meterValue": [{"timestamp": STAMP, "sampledValue": [{"value": "1"}]}],
    }
    body = v16.ACTIONS["MeterValues"].to_report(payload).body
    assert isinstance(body, TransactionReport)
    assert (body.phase, body.number, body.trigger) == (Phase.UPDATED, number, "MeterValuePeriodic")


@pytest.mark.parametrize(
    ("verdict", "in_16", "in_2x"),
    [
        (Verdict.ACCEPTED, "Accepted", "Accepted"),
        (Verdict.BLOCKED, "Blocked", "Blocked"),
        (Verdict.EXPIRED, "Expired", "Expired"),
        (Verdict.CONCURRENT, "ConcurrentTx", "ConcurrentTx"),
        (Verdict.UNKNOWN, "Invalid", "Unknown"),
        (Verdict.EMPTY, "Invalid", "Invalid"),
        (Verdict.UNPROVEN, "Invalid", "Invalid"),
    ],
)
def test_verdicts_in_each_versions_words(verdict: Verdict, in_16: str, in_2x: str) -> None:
    outcome = Authorization(verdict, AT, "FLEET")
    info = v16.ACTIONS["Authorize"].to_answer(outcome)["idTagInfo"]
    assert info == {"status": in_16, "expiryDate": "2026-03-01T12:00:00.000Z", "parentIdTag": "FLEET"}
    for table in TWO_X:
        info = table["TransactionEvent"].to_answer(TransactionAnswer(0, outcome))["idTokenInfo"]
        assert info == {
            "status": in_2x,
            "cacheExpiryDateTime": "2026-03-01T12:00:00.000Z",
            "groupIdToken": {"idToken": "FLEET", "type": "Central"},
        }
        assert table["TransactionEvent"].to_answer(TransactionAnswer()) == {}


def test_a_group_too_long_for_the_version_is_left_out_not_cut() -> None:
    outcome = Authorization(Verdict.ACCEPTED, None, "G" * 37)
    assert v16.ACTIONS["Authorize"].to_answer(outcome) == {"idTagInfo": {"status": "Accepted"}}
    assert v201.ACTIONS["Authorize"].to_answer(outcome) == {"idTokenInfo": {"status": "Accepted"}}
    assert "groupIdToken" in v21.ACTIONS["Authorize"].to_answer(outcome)["idTokenInfo"]


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
async def test_a_contract_certificate_is_not_called_good_unseen(version: Version) -> None:
    line = Line(version)
    await line.register()
    await line.issue("DE-ZEUS-1")
    token = {"idToken": "DE-ZEUS-1", "type": "eMAID"}
    assert await line.say("Authorize", {"idToken": token}) == {"idTokenInfo": {"status": "Accepted"}}
    answer = await line.say("Authorize", {"idToken": token, "certificate": "-----BEGIN CERTIFICATE-----"})
    assert answer == {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "CertChainError"}


@pytest.mark.parametrize("table", TWO_X)
def test_transaction_event_with_everything(table: Any) -> None:
    payload = {
        "eventType": "Ended",
        "timestamp": STAMP,
        "triggerReason": "RemoteStop",
        "seqNo": 4,
        "offline": True,
        "reservationId": 0,
        "transactionInfo": {
            "transactionId": "t",
            "chargingState": "Idle",
            "stoppedReason": "Remote",
            "remoteStartId": 9,
        },
        "evse": {"id": 2},
        "idToken": {"idToken": "", "type": "NoAuthorization"},
        "meterValue": [{"timestamp": STAMP, "sampledValue": [{"value": 8, "context": END}]}],
    }
    report = table["TransactionEvent"].to_report(payload)
    body = report.body
    assert isinstance(body, TransactionReport)
    assert (report.at, report.seq_no, body.seq_no, body.phase) == (AT, 4, 4, Phase.ENDED)
    assert (body.reference, body.evse_id, body.connector_id) == ("t", 2, None)
    assert (body.trigger, body.charging_state, body.reason) == ("RemoteStop", "Idle", "Remote")
    assert (body.offline, body.reservation_id, body.remote_start_id) == (True, 0, 9)
    assert body.id_token == IdToken("", "NoAuthorization")


@pytest.mark.parametrize(("kind", "reason"), [("Ended", "Local"), ("Updated", ""), ("Started", "")])
def test_a_missing_stopped_reason_means_local_at_the_end_alone(kind: str, reason: str) -> None:
    payload = {
        "eventType": kind,
        "timestamp": STAMP,
        "triggerReason": "Trigger",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "t"},
    }
    body = v201.ACTIONS["TransactionEvent"].to_report(payload).body
    assert isinstance(body, TransactionReport)
    assert body.reason == reason


def test_boot_of_both_generations() -> None:
    old = {"chargePointVendor": "V", "chargePointModel": "M", "chargePointSerialNumber": "S", "iccid": "-87"}
    assert v16.ACTIONS["BootNotification"].to_report(old).body == BootReport(
        vendor="V", model="M", serial="S", iccid="-87"
    )
    station = {"vendorName": "V", "model": "M", "serialNumber": "S", "modem": {"iccid": "1"}}
    new = {"reason": "Watchdog", "chargingStation": station}
    for table in TWO_X:
        assert table["BootNotification"].to_report(new).body == BootReport(
            vendor="V", model="M", serial="S", iccid="1", reason="Watchdog"
        )


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize(
    ("vendor", "message", "status"),
    [
        ("org.unheard", "x", "UnknownVendorId"),
        ("EV-BOX", "evbStatusNotification", "Accepted"),
        ("EV-BOX", "other", "UnknownMessageId"),
        ("ZJBENY", "dlbMeter", "Accepted"),
        ("ZJBENY", "other", "UnknownMessageId"),
    ],
)
async def test_data_transfer_is_recorded_and_answered(
    version: Version, vendor: str, message: str, status: str
) -> None:
    line = Line(version)
    await line.register()
    answer = await line.say("DataTransfer", {"vendorId": vendor, "messageId": message, "data": "…"})
    assert answer == {"status": status}
    (fact,) = line.facts("charger/", DataTransferred)
    assert fact == DataTransferred(vendor_id=vendor, message_id=message, answered=status)


BENY_TEXT = "DLBMode:Solar,Current.HomeLoad:1A,Power.Grid.L1:-0.23kW,Current.EVSE:A,Power.Solar:3A"
BENY_JSON = '{"DLBMode":"Solar","Current.HomeLoad":"1A","Power.Grid.L1":"-230W"}'
GRID = (
    Reading("Current.Import", Decimal(1), "A", "", "HomeLoad"),
    Reading("Power.Active.Import", Decimal(-230), "W", "L1", "Upstream"),
)


@pytest.mark.parametrize("data", [BENY_TEXT, BENY_JSON, {"Current.HomeLoad": 1, "Power.Grid.L1": "-230"}])
def test_beny_meter_in_its_three_spellings(data: Any) -> None:
    assert beny_readings(data) == GRID


@pytest.mark.parametrize("data", ["", "{", "[1]", None, 5, "DLBMode:Solar", "Power.Grid:1e9", {"a": 1}])
def test_beny_data_without_a_meter_yields_nothing(data: Any) -> None:
    assert beny_readings(data) == ()


@pytest.mark.parametrize("version", list(Version))
async def test_beny_meter_becomes_a_reading_of_the_site_at_our_time(version: Version) -> None:
    line = Line(version)
    await line.register()
    payload = {"vendorId": "com.zjbeny.dlb", "messageId": "dlbMeter", "data": BENY_TEXT}
    assert await line.say("DataTransfer", payload) == {"status": "Accepted"}
    (fact,) = line.facts("charger/", Metered)
    assert isinstance(fact, Metered)
    assert (fact.evse_id, fact.samples[0].at, fact.samples[0].readings) == (0, line.now, GRID)


def test_the_answer_to_an_outcome_of_another_action_is_an_error() -> None:
    for table in ACTIONS.values():
        with pytest.raises(TypeError):
            table["DataTransfer"].to_answer(timedelta())
