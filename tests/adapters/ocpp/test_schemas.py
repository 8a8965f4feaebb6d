"""The catalogue: which messages there are, who may start them, and what a refusal says."""

from random import Random
from typing import Any

import jsonschema_rs
import pytest

from adapters.ocpp.directions import FROM_BOTH, actions_from_charger, actions_from_csms
from adapters.ocpp.faults import (
    DESCRIPTION_LENGTH,
    internal_error,
    not_accepted_yet,
    schema_fault,
    unknown_action,
    unsupported_action,
)
from adapters.ocpp.schemas import Kind, Message, catalogue
from adapters.ocpp.versions import Version
from tests.ocpp_payloads import messages, mutated, payload_maker, valid_payload

V16, V201, V21 = Version


def message(version: Version, action: str, kind: Kind = Kind.REQUEST) -> Message:
    found = catalogue(version).message(kind, action)
    assert found is not None
    return found


@pytest.mark.parametrize(("version", "count"), [(V16, 39), (V201, 64), (V21, 90)])
def test_every_request_has_an_answer(version: Version, count: int) -> None:
    requests = catalogue(version).actions()
    assert len(requests) == count
    assert catalogue(version).actions(Kind.ANSWER) == requests
    assert catalogue(version).actions(Kind.SEND) == (
        {"NotifyPeriodicEventStream"} if version is V21 else frozenset()
    )


@pytest.mark.parametrize("version", Version)
def test_every_action_has_a_direction(version: Version) -> None:
    known = catalogue(version).actions() | catalogue(version).actions(Kind.SEND)
    assert actions_from_charger(version) | actions_from_csms(version) == known
    assert actions_from_charger(version) & actions_from_csms(version) == FROM_BOTH


def test_a_message_is_compiled_once_and_unknown_ones_are_none() -> None:
    assert message(V16, "Heartbeat") is message(V16, "Heartbeat")
    assert catalogue(V16).message(Kind.REQUEST, "TransactionEvent") is None
    assert catalogue(V16).message(Kind.SEND, "Heartbeat") is None
    assert not catalogue(V16).is_valid_request("NoSuchThing")
    assert catalogue(V16).is_valid_request("Heartbeat")


def test_every_schema_is_sound_and_uses_only_keywords_with_a_code() -> None:
    for version in Version:
        catalogue(version).warm()
    for version, kind, action in messages():
        schema = message(version, action, kind).schema
        jsonschema_rs.meta.validate({**schema, "$schema": "http://json-schema.org/draft-04/schema#"})


def test_integers_are_integers() -> None:
    payload = {"connectorId": 1.0, "errorCode": "NoError", "status": "Available"}
    assert not message(V16, "StatusNotification").is_valid(payload)


@pytest.mark.parametrize(
    ("change", "code_16", "words"),
    [
        ({"connectorId": "1"}, "TypeConstraintViolation", "connectorId: is not of type integer"),
        ({"connectorId": None}, "TypeConstraintViolation", "connectorId: is not of type integer"),
        ({"status": ...}, "OccurenceConstraintViolation", "payload: status is missing"),
        ({"status": "Faultd"}, "PropertyConstraintViolation", "status: is none of the allowed values"),
        ({"info": "x" * 51}, "PropertyConstraintViolation", "info: is longer than 50 characters"),
        ({"more": 1}, "FormationViolation", "payload: holds unknown fields: more"),
        ({"more": 1, "connectorId": "1"}, "TypeConstraintViolation", "connectorId: is not of type integer"),
    ],
)
def test_1_6_codes_by_keyword(change: dict[str, Any], code_16: str, words: str) -> None:
    payload = {"connectorId": 1, "errorCode": "NoError", "status": "Available", **change}
    payload = {name: value for name, value in payload.items() if value is not ...}
    fault = schema_fault(message(V16, "StatusNotification"), payload)
    assert (fault.code, fault.description) == (code_16, words)


SAMPLES = {"timestamp": "t", "sampledValue": [{"value": 1}]}


@pytest.mark.parametrize("version", [V201, V21])
@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ([], "TypeConstraintViolation"),
        ({"evseId": 1}, "OccurrenceConstraintViolation"),
        ({"evseId": 1, "meterValue": []}, "OccurrenceConstraintViolation"),
        (
            {"evseId": 1, "meterValue": [{**SAMPLES, "customData": {"vendorId": "x" * 256}}]},
            "PropertyConstraintViolation",
        ),
        ({"evseId": 1, "x": 1, "meterValue": [SAMPLES]}, "ProtocolError"),
    ],
)
def test_2_x_codes_by_keyword(version: Version, payload: Any, code: str) -> None:
    assert schema_fault(message(version, "MeterValues"), payload).code == code


def test_a_description_is_bounded_and_tells_no_value() -> None:
    secret = "s3cret" * 50
    payload = {"idTag": secret, **{f"field{n}{'y' * 80}": secret for n in range(30)}}
    fault = schema_fault(message(V16, "Authorize"), payload)
    assert len(fault.description) <= DESCRIPTION_LENGTH
    assert secret[:20] not in fault.answer("a")
    assert len(fault.answer("a")) < 700
    assert schema_fault(message(V16, "Authorize"), {"idTag": secret}).description.count("s3cret") == 0


def test_a_valid_payload_has_no_fault() -> None:
    with pytest.raises(ValueError, match="Heartbeat: the payload is valid"):
        schema_fault(message(V16, "Heartbeat"), {})


def test_faults_beside_the_schema() -> None:
    assert unknown_action(V16, "X" * 99).code == "NotImplemented"
    assert len(unknown_action(V16, "X" * 99).description) < 80
    assert unsupported_action("Reset").code == "NotSupported"
    assert internal_error().code == "InternalError"
    assert not_accepted_yet().answer("a").startswith('[4,"a","SecurityError"')


@pytest.mark.parametrize(("version", "kind", "action"), messages())
def test_made_payloads_are_valid(version: Version, kind: Kind, action: str) -> None:
    validator = message(version, action, kind)
    maker = payload_maker(version, kind, action)
    for seed in range(20):
        payload = maker(Random(seed))
        assert validator.is_valid(payload), validator.errors(payload)[0].message
    assert maker(Random(3)) == valid_payload(version, kind, action, 3)


def test_mutations_change_payloads_and_break_many() -> None:
    random = Random(5)
    valid = 0
    for seed in range(300):
        payload = valid_payload(V16, Kind.REQUEST, "StartTransaction", seed)
        valid += message(V16, "StartTransaction").is_valid(mutated(random, payload))
    assert 10 < valid < 200


def test_an_unknown_message_has_no_maker() -> None:
    with pytest.raises(KeyError, match=r"OCPP 1\.6 has no request Nothing"):
        payload_maker(V16, Kind.REQUEST, "Nothing")
