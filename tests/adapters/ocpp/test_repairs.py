"""Repairs: each rule by an example, what no rule may do, and laws over damaged payloads of every message."""

import copy
import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from adapters.ocpp.directions import actions_from_charger
from adapters.ocpp.faults import Fault
from adapters.ocpp.frames import Call, call_result, read_frame
from adapters.ocpp.repairs import RULES, Repaired, admit, repair
from adapters.ocpp.schemas import Kind, Message, catalogue
from adapters.ocpp.versions import Version
from tests.ocpp_payloads import messages, mutated, valid_payload

V16, V201, V21 = Version
AT = "2024-01-01T00:00:00Z"


def message(version: Version, action: str, kind: Kind = Kind.REQUEST) -> Message:
    found = catalogue(version).message(kind, action)
    assert found is not None
    return found


def meter(*samples: Any) -> dict[str, Any]:
    return {"connectorId": 1, "meterValue": [{"timestamp": AT, "sampledValue": list(samples)}]}


def event(**more: Any) -> dict[str, Any]:
    return {
        "eventType": "Updated",
        "timestamp": AT,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 1,
        "transactionInfo": {"transactionId": "t"},
        **more,
    }


def start(**more: Any) -> dict[str, Any]:
    return {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": AT, **more}


def status(**more: Any) -> dict[str, Any]:
    return {"connectorId": 1, "errorCode": "NoError", "status": "Available", **more}


EXAMPLES: list[tuple[str, Version, str, dict[str, Any], dict[str, Any]]] = [
    ("null_field", V16, "StartTransaction", start(reservationId=None), start()),
    ("null_field", V16, "StatusNotification", status(info=None), status()),
    ("null_field", V16, "MeterValues", meter({"value": "1", "phase": None}, None), meter({"value": "1"})),
    ("number_as_string", V16, "MeterValues", meter({"value": 23.1}), meter({"value": "23.1"})),
    ("number_as_string", V16, "MeterValues", meter({"value": 7}), meter({"value": "7"})),
    ("number_as_string", V16, "Authorize", {"idTag": 12345678}, {"idTag": "12345678"}),
    (
        "object_as_string",
        V16,
        "DataTransfer",
        {"vendorId": "x", "data": {"a": 1}},
        {"vendorId": "x", "data": '{"a":1}'},
    ),
    (
        "string_as_integer",
        V16,
        "StartTransaction",
        start(connectorId="1", meterStart=" 12.0 "),
        start(meterStart=12),
    ),
    (
        "fractional_register",
        V16,
        "StartTransaction",
        start(meterStart="12.5"),
        start(meterStart=Decimal("12.5")),
    ),
    ("integral_float", V16, "StartTransaction", start(meterStart=96.0), start(meterStart=96)),
    ("integral_float", V16, "StartTransaction", start(meterStart=Decimal("96.0")), start(meterStart=96)),
    (
        "string_as_number",
        V201,
        "MeterValues",
        {"evseId": 1, "meterValue": [{"timestamp": AT, "sampledValue": [{"value": "230.10"}]}]},
        {"evseId": 1, "meterValue": [{"timestamp": AT, "sampledValue": [{"value": Decimal("230.10")}]}]},
    ),
    ("string_as_boolean", V201, "TransactionEvent", event(offline="True"), event(offline=True)),
    ("string_as_boolean", V201, "TransactionEvent", event(offline=0), event(offline=False)),
    (
        "single_as_list",
        V16,
        "MeterValues",
        {"connectorId": 1, "meterValue": {"timestamp": AT, "sampledValue": {"value": "1"}}},
        meter({"value": "1"}),
    ),
    ("extra_field", V16, "Authorize", {"connectorId": 2, "idTag": "A"}, {"idTag": "A"}),
    ("extra_field", V16, "Authorize", {"IDTAG": "A"}, {"idTag": "A"}),
    ("extra_field", V16, "Authorize", {"IDTAG": "B", "idTag": "A"}, {"idTag": "A"}),
    ("extra_field", V201, "TransactionEvent", event(evse={"id": 1, "x": 1}), event(evse={"id": 1})),
    ("default_field", V16, "StatusNotification", {"connectorId": 1, "status": "Available"}, status()),
    (
        "default_field",
        V16,
        "BootNotification",
        {"chargePointModel": "m"},
        {"chargePointModel": "m", "chargePointVendor": ""},
    ),
    (
        "default_field",
        V201,
        "BootNotification",
        {"chargingStation": {"model": "m"}},
        {"chargingStation": {"model": "m", "vendorName": ""}, "reason": "Unknown"},
    ),
    (
        "default_field",
        V16,
        "StopTransaction",
        {"transactionId": 1, "meterStop": 1, "timestamp": AT, "transactionData": [{"timestamp": AT}]},
        {
            "transactionId": 1,
            "meterStop": 1,
            "timestamp": AT,
            "transactionData": [{"timestamp": AT, "sampledValue": []}],
        },
    ),
    ("enum_spelling", V16, "StatusNotification", status(status="suspended_ev"), status(status="SuspendedEV")),
    (
        "enum_spelling",
        V16,
        "MeterValues",
        meter({"value": "1", "unit": "%"}),
        meter({"value": "1", "unit": "Percent"}),
    ),
    (
        "enum_spelling",
        V16,
        "MeterValues",
        meter({"value": "1", "unit": "wh "}),
        meter({"value": "1", "unit": "Wh"}),
    ),
    (
        "enum_other",
        V16,
        "StopTransaction",
        {"transactionId": 1, "meterStop": 1, "timestamp": AT, "reason": "Unplugged"},
        {"transactionId": 1, "meterStop": 1, "timestamp": AT, "reason": "Other"},
    ),
    ("enum_other", V16, "StatusNotification", status(errorCode="Relay"), status(errorCode="OtherError")),
    (
        "unknown_sample",
        V16,
        "MeterValues",
        meter({"value": "1"}, {"value": "2", "measurand": "Power.DC", "unit": "kW/h"}, {"value": "3"}),
        meter({"value": "1"}, {"value": "3"}),
    ),
    ("empty_list", V201, "TransactionEvent", event(meterValue=[]), event()),
    (
        "empty_list",
        V201,
        "TransactionEvent",
        event(meterValue=[{"timestamp": AT, "sampledValue": []}]),
        event(),
    ),
    (
        "no_samples",
        V16,
        "MeterValues",
        {"connectorId": 1, "meterValue": [{"timestamp": AT}]},
        {"connectorId": 1, "meterValue": []},
    ),
    ("long_text", V16, "StatusNotification", status(info="x" * 60), status(info="x" * 50)),
]


@pytest.mark.parametrize(("rule", "version", "action", "sent", "expected"), EXAMPLES)
def test_a_rule_repairs(
    rule: str, version: Version, action: str, sent: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = copy.deepcopy(sent)
    assert not message(version, action).is_valid(sent)
    result = repair(message(version, action), sent)
    assert result is not None
    assert result.payload == expected
    assert [type(v) for v in _leaves(result.payload)] == [type(v) for v in _leaves(expected)]
    assert rule in result.rules
    assert sent == before


ANSWERS: list[tuple[str, Version, str, dict[str, Any], dict[str, Any]]] = [
    (
        "boolean_as_string",
        V16,
        "GetConfiguration",
        {"configurationKey": [{"key": "k", "readonly": "false", "value": True}]},
        {"configurationKey": [{"key": "k", "readonly": False, "value": "true"}]},
    ),
    (
        "long_configuration_value",
        V16,
        "GetConfiguration",
        {"configurationKey": [{"key": "k", "readonly": False, "value": "x" * 900}]},
        {"configurationKey": [{"key": "k", "readonly": False, "value": "x" * 900}]},
    ),
    (
        "fine_grained_limit",
        V16,
        "GetCompositeSchedule",
        {
            "status": "Accepted",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.25}],
            },
        },
        {
            "status": "Accepted",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.25}],
            },
        },
    ),
    (
        "empty_list",
        V201,
        "GetCompositeSchedule",
        {
            "status": "Accepted",
            "schedule": {
                "chargingSchedulePeriod": [],
                "evseId": 1,
                "duration": 60,
                "scheduleStart": AT,
                "chargingRateUnit": "A",
            },
        },
        {"status": "Accepted"},
    ),
]


@pytest.mark.parametrize(("rule", "version", "action", "sent", "expected"), ANSWERS)
def test_a_rule_repairs_an_answer(
    rule: str, version: Version, action: str, sent: dict[str, Any], expected: dict[str, Any]
) -> None:
    result = repair(message(version, action, Kind.ANSWER), sent)
    assert result is not None
    assert result.payload == expected
    assert rule in result.rules


def test_every_rule_has_an_example() -> None:
    shown = {rule for rule, *_ in [*EXAMPLES, *ANSWERS]}
    assert {name for rules in RULES.values() for name, _ in rules} <= shown


@pytest.mark.parametrize(
    ("action", "sent", "code"),
    [
        ("Authorize", {"idTag": None}, "TypeConstraintViolation"),
        ("Authorize", {}, "OccurenceConstraintViolation"),
        ("StatusNotification", {"connectorId": 1, "status": "Faulted"}, "OccurenceConstraintViolation"),
        ("Authorize", {"idTag": "x" * 21}, "PropertyConstraintViolation"),
        ("Authorize", {"idTag": 1.5}, "TypeConstraintViolation"),
        ("Authorize", {"idTag": True}, "TypeConstraintViolation"),
        ("StartTransaction", start(meterStart="1e3"), "TypeConstraintViolation"),
        ("StartTransaction", start(meterStart=None), "TypeConstraintViolation"),
        ("StartTransaction", start(connectorId=True), "TypeConstraintViolation"),
        ("StartTransaction", start(timestamp=1704067200), None),
        ("StatusNotification", status(status="Faultd"), "PropertyConstraintViolation"),
        ("MeterValues", meter({"value": None}), "TypeConstraintViolation"),
        ("MeterValues", meter({"value": True}), "TypeConstraintViolation"),
        ("MeterValues", meter({"unit": "Wh"}), "OccurenceConstraintViolation"),
        ("MeterValues", [], "TypeConstraintViolation"),
    ],
)
def test_what_is_not_told_is_not_invented(action: str, sent: Any, code: str | None) -> None:
    result = admit(message(V16, action), sent)
    if code is None:  # an epoch number becomes text, which the reader of timestamps understands
        assert isinstance(result, Repaired)
        assert result.payload["timestamp"] == "1704067200"
    else:
        assert isinstance(result, Fault)
        assert result.code == code


@pytest.mark.parametrize("sent", [12.5, Decimal("12.5"), "12.5", " 12.50 "])
def test_a_fractional_register_is_kept_exact(sent: object) -> None:
    """Cutting it would change what it says; refusing it would lose the transaction."""
    result = admit(message(V16, "StartTransaction"), start(meterStart=sent))
    assert isinstance(result, Repaired)
    assert "fractional_register" in result.rules
    assert Decimal(str(result.payload["meterStart"])) == Decimal("12.5")


def test_a_valid_payload_is_passed_as_it_is() -> None:
    payload = status()
    result = admit(message(V16, "StatusNotification"), payload)
    assert isinstance(result, Repaired)
    assert result.payload is payload
    assert result.rules == ()


def test_digits_of_a_measured_value_survive() -> None:
    text = (
        '[2,"a","MeterValues",'
        + json.dumps(meter({"value": 0})).replace(": 0}", ": 1234567890123.4567890}")
        + "]"
    )
    frame = read_frame(text, V16)
    assert isinstance(frame, Call)
    result = admit(message(V16, "MeterValues"), frame.payload)
    assert isinstance(result, Repaired)
    assert result.payload["meterValue"][0]["sampledValue"][0]["value"] == "1234567890123.4567890"


def test_laws_over_damaged_payloads() -> None:
    random = Random(23)
    everything = [m for m in messages() if m[2] in actions_from_charger(m[0]) or m[1] is Kind.ANSWER]
    repaired = 0
    for seed in range(3000):
        version, kind, action = random.choice(everything)
        subject = message(version, action, kind)
        payload = mutated(random, valid_payload(version, kind, action, seed))
        before = copy.deepcopy(payload)
        result = admit(subject, payload)
        assert payload == before
        if isinstance(result, Repaired) and result.rules:
            repaired += 1
            assert {e.kind.name for e in subject.errors(result.payload)} <= {
                "multipleOf",
                "maxLength",
                "minItems",
                "type",  # a fractional register
            }
            call_result("a", result.payload)
            again = admit(subject, result.payload)
            assert isinstance(again, Repaired)
            assert again.payload == result.payload
        elif isinstance(result, Fault):
            assert len(result.answer("a")) < 1000
    assert repaired > 300


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [value]
