"""Every notice a charger may send becomes one fact, every fact reads back, every answer fits its schema."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.eventstore.mapper import EventMapper
from adapters.ocpp.directions import actions_from_charger
from adapters.ocpp.schemas import Kind, Message, catalogue
from adapters.ocpp.v16.notices import NOTICES as NOTICES_16
from adapters.ocpp.v21.notices import NOTICES as NOTICES_21
from adapters.ocpp.v21.notify_periodic_event_stream import SendHasNoAnswer
from adapters.ocpp.v201.notices import NOTICES as NOTICES_201
from adapters.ocpp.versions import Version
from application.reports import Report, Taken
from domain.catalogue import FACTS
from domain.certificates.signing import SignatureQuestion, SignatureVerdict
from domain.event import Event, Fact, Told
from tests.ocpp_payloads import mutated, valid_payload

NOW = datetime(2026, 11, 22, 12, 30, 5, 250_000, UTC)
NOTICES = {Version.V16: NOTICES_16, Version.V201: NOTICES_201, Version.V21: NOTICES_21}
CORE = {
    "Authorize", "BootNotification", "DataTransfer", "Heartbeat", "MeterValues", "StartTransaction",
    "StatusNotification", "StopTransaction", "TransactionEvent",
}  # fmt: skip
SENDS = {"NotifyPeriodicEventStream"}
CASES = [(version, action) for version, table in NOTICES.items() for action in table]
MAPPER = EventMapper(FACTS)
SEEDS = st.integers(0, 2**32 - 1)


def request_of(version: Version, action: str) -> Message:
    message = catalogue(version).message(Kind.SEND if action in SENDS else Kind.REQUEST, action)
    assert message is not None
    return message


def report_of(version: Version, action: str, payload: dict[str, Any]) -> Report:
    return NOTICES[version][action].to_report(payload)


def answer_to(version: Version, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    report = report_of(version, action, payload)
    return NOTICES[version][action].to_answer(Taken(report.body, NOW))


def check(version: Version, action: str, payload: dict[str, Any]) -> None:
    report = report_of(version, action, payload)
    fact = report.body.requested if isinstance(report.body, SignatureQuestion) else report.body
    assert type(fact) in FACTS
    assert report.at is None or report.at.utcoffset() is not None
    told = Told(recorded_at=NOW, occurred_at=report.at)
    event: Event[Fact] = Event(originator_id="charger/t/CP1", originator_version=1, fact=fact, told=told)
    assert MAPPER.to_domain_event(MAPPER.to_stored_event(event)) == event
    if action in SENDS:
        with pytest.raises(SendHasNoAnswer):
            answer_to(version, action, payload)
        return
    answer = catalogue(version).message(Kind.ANSWER, action)
    assert answer is not None
    assert [str(error) for error in answer.errors(answer_to(version, action, payload))] == []
    if isinstance(report.body, SignatureQuestion):
        for objection, status in (("", "Accepted"), ("the key is too weak", "Rejected")):
            said = NOTICES[version][action].to_answer(SignatureVerdict(objection))
            assert answer.is_valid(said)
            assert said["status"] == status


@pytest.mark.parametrize("version", Version)
def test_core_and_notices_are_all_that_a_charger_may_start(version: Version) -> None:
    core = CORE & actions_from_charger(version)
    assert set(NOTICES[version]) | core == actions_from_charger(version)
    assert not set(NOTICES[version]) & CORE


@pytest.mark.parametrize(("version", "action"), CASES)
@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_every_valid_payload_is_told_and_answered(version: Version, action: str, seed: int) -> None:
    kind = Kind.SEND if action in SENDS else Kind.REQUEST
    check(version, action, valid_payload(version, kind, action, seed))


@pytest.mark.parametrize(("version", "action"), CASES)
def test_what_the_schema_lets_through_never_breaks_a_reader(version: Version, action: str) -> None:
    message = request_of(version, action)
    taken = 0
    for seed in range(400):
        payload = mutated(Random(seed), valid_payload(version, message.kind, action, seed))
        if message.is_valid(payload):
            check(version, action, payload)
            taken += 1
    assert taken, "no damaged payload passed the schema: the test proves nothing"


@pytest.mark.parametrize("action", sorted(NOTICES_201))
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_what_both_2x_versions_can_say_is_the_same_fact(action: str, seed: int) -> None:
    payload = valid_payload(Version.V201, Kind.REQUEST, action, seed)
    if request_of(Version.V21, action).is_valid(payload):
        assert report_of(Version.V201, action, payload) == report_of(Version.V21, action, payload)


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("FirmwareStatusNotification", {"status": "Installed"}),
        ("LogStatusNotification", {"status": "Uploading", "requestId": 3}),
        ("SecurityEventNotification", {"type": "TamperDetectionActivated", "timestamp": "2026-11-22T12:00Z"}),
    ],
)  # fmt: skip
def test_one_notice_in_three_dialects_is_one_fact(action: str, payload: dict[str, Any]) -> None:
    for version in Version:
        assert request_of(version, action).is_valid(payload)
    told = [report_of(version, action, payload) for version in Version]
    assert told[0] == told[1] == told[2]


def test_a_signed_update_of_1_6_is_told_as_in_2_x() -> None:
    payload = {"status": "SignatureVerified", "requestId": 8}
    assert report_of(Version.V16, "SignedFirmwareStatusNotification", payload) == report_of(
        Version.V201, "FirmwareStatusNotification", payload
    )


REFUSALS: list[tuple[Version, str, dict[str, Any]]] = [
    (Version.V16, "SignCertificate", {"status": "Rejected"}),
    (Version.V201, "SignCertificate", {"status": "Rejected"}),
    (Version.V201, "Get15118EVCertificate", {"status": "Failed", "exiResponse": ""}),
    (Version.V201, "GetCertificateStatus", {"status": "Failed"}),
    (Version.V201, "NotifyEVChargingNeeds", {"status": "Rejected"}),
    (Version.V201, "NotifyEVChargingSchedule", {"status": "Accepted"}),
    (Version.V21, "OpenPeriodicEventStream", {"status": "Accepted"}),
    (Version.V21, "PullDynamicScheduleUpdate", {"status": "Rejected"}),
]


@pytest.mark.parametrize(("version", "action", "expected"), REFUSALS)
def test_what_we_cannot_do_is_said_in_the_specifications_words(
    version: Version, action: str, expected: dict[str, Any]
) -> None:
    answer = answer_to(version, action, valid_payload(version, Kind.REQUEST, action, 1))
    info = answer.pop("statusInfo", None)
    assert answer == expected
    refused_in_2x = version is not Version.V16 and expected["status"] != "Accepted"
    assert (info["reasonCode"] if info else None) == ("UnsupportedRequest" if refused_in_2x else None)


@pytest.mark.parametrize(
    ("needs", "status"),
    [({}, "Rejected"), ({"controlMode": "DynamicControl"}, "NoChargingProfile")],
)
def test_a_car_of_iso15118_20_is_told_no_profile_others_rejected(needs: dict[str, str], status: str) -> None:
    payload = {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC", **needs}}
    assert answer_to(Version.V21, "NotifyEVChargingNeeds", payload)["status"] == status


def test_a_vat_number_is_refused_with_the_number_and_place_it_came_from() -> None:
    answer = answer_to(Version.V21, "VatNumberValidation", {"vatNumber": "DE123", "evseId": 2})
    assert (answer["status"], answer["vatNumber"], answer["evseId"]) == ("Rejected", "DE123", 2)
    assert "evseId" not in answer_to(Version.V21, "VatNumberValidation", {"vatNumber": "DE123"})


def test_every_certificate_asked_about_gets_its_own_failure() -> None:
    one = {"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "1"}
    asked = [
        {"certificateHashData": one, "source": "OCSP", "urls": ["http://ocsp"]},
        {"certificateHashData": {**one, "serialNumber": "2"}, "source": "CRL", "urls": ["http://crl"]},
    ]
    answer = answer_to(Version.V21, "GetCertificateChainStatus", {"certificateStatusRequests": asked})
    assert answer["certificateStatus"] == [
        {
            "certificateHashData": told["certificateHashData"], "source": told["source"],
            "status": "Failed", "nextUpdate": "2026-11-22T12:30:05.250Z",
        }
        for told in asked
    ]  # fmt: skip
