"""Frames: every text is one of the variants, and is answered as its version asks."""

import json
import time
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ocpp.frames import (
    LARGE,
    LIMITS,
    Call,
    CallError,
    CallResult,
    CallResultError,
    Frame,
    Limits,
    Send,
    Unreadable,
    call,
    call_error,
    call_result,
    call_result_error,
    read_frame,
    send,
)
from adapters.ocpp.numbers import decimal_of
from adapters.ocpp.schemas import Schema, catalogue
from adapters.ocpp.versions import Version
from tests.ocpp_payloads import messages, mutated, valid_payload

V16, V201, V21 = Version


def test_reads_each_kind_of_message() -> None:
    assert read_frame('[2,"a","Heartbeat",{}]', V16) == Call("a", "Heartbeat", {})
    assert read_frame('[3,"a",{"x":1}]', V16) == CallResult("a", {"x": 1})
    assert read_frame('[4,"a","InternalError","oh",{"x":1}]', V16) == CallError(
        "a", "InternalError", "oh", {"x": 1}
    )
    assert read_frame('[5,"a","InternalError","oh",{}]', V21) == CallResultError(
        "a", "InternalError", "oh", {}
    )
    assert read_frame('[6,"a","NotifyPeriodicEventStream",{}]', V21) == Send(
        "a", "NotifyPeriodicEventStream", {}
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[2,17,"Heartbeat",{}]', Call(17, "Heartbeat", {}, ("numeric_id",))),
        ('[2,"","Heartbeat",{}]', Call("", "Heartbeat", {}, ("empty_id",))),
        (f'[2,"{"x" * 37}","Heartbeat",{{}}]', Call("x" * 37, "Heartbeat", {}, ("long_id",))),
        ('[2,"a","Heartbeat"]', Call("a", "Heartbeat", {}, ("payload_missing",))),
        ('[2,"a","Heartbeat",null]', Call("a", "Heartbeat", {}, ("payload_null",))),
        ('[2,"a","Heartbeat",[]]', Call("a", "Heartbeat", {}, ("payload_empty_list",))),
        ('[2,"a","Heartbeat",{},{}]', Call("a", "Heartbeat", {}, ("extra_elements",))),
        ('[2,"a","Heartbeat","x"]', Call("a", "Heartbeat", "x")),
        ('[3,"a"]', CallResult("a", {}, ("payload_missing",))),
        ('[4,"a"]', CallError("a", "", "", {})),
        ('[4,"a",null,5,"x"]', CallError("a", "", "", {})),
        ('\ufeff[2,"a","Heartbeat",{}]', Call("a", "Heartbeat", {}, ("byte_order_mark",))),
        ('[2,"a","Heartbeat",{}]\x00', Call("a", "Heartbeat", {}, ("trailing_nul",))),
        ('[2,"a","X",{"l":[,{"v":"[,"}]}]', Call("a", "X", {"l": [{"v": "[,"}]}, ("leading_comma",))),
        ('[2,"a","X",{"l":[1,],"v":",]"},]', Call("a", "X", {"l": [1], "v": ",]"}, ("trailing_comma",))),
        ('[2,"a","X",{"i":"one\ntwo"}]', Call("a", "X", {"i": "one\ntwo"}, ("control_character",))),
        ('[2,"a","X",{"v":1,"v":2}]', Call("a", "X", {"v": 2})),
    ],
)
def test_takes_what_chargers_get_wrong(text: str, expected: Frame) -> None:
    assert read_frame(text, V16) == expected


NOT_JSON = '[4,"-1","RpcFrameworkError","the message is not JSON",{}]'


@pytest.mark.parametrize(
    ("text", "reason", "answer_16", "answer_2x"),
    [
        ("", "not_json", None, NOT_JSON),
        ('[2,"a",', "not_json", "FormationViolation", "FormatViolation"),
        ('[2,"a', "not_json", None, NOT_JSON),
        ('[2,"\ud800","X",{', "not_json", None, NOT_JSON),
        ('[3,"a",{', "not_json", None, NOT_JSON),
        ('[2,"a","Heartbeat",{}', "not_json", "FormationViolation", "FormatViolation"),
        ('[2,"a","X",{"v":NaN}]', "not_json", "FormationViolation", "FormatViolation"),
        ('[2,"a","X",{"v":Infinity}]', "not_json", "FormationViolation", "FormatViolation"),
        ('[2,"a","X",{"v":1e999}]', "not_json", "FormationViolation", "FormatViolation"),
        ('[2,"a","X",{"v":"\\ud800"}]', "not_json", "FormationViolation", "FormatViolation"),
        ('[2,"a","X",{"v":"\ud800"}]', "not_json", "FormationViolation", "FormatViolation"),
        ('[2,"a","X",{"a":1,,"b":2}]', "not_json", "FormationViolation", "FormatViolation"),
        ('[2,"a","X",{"v":' + "9" * 5000 + "}]", "not_json", "FormationViolation", "FormatViolation"),
        ("{}", "not_an_array", None, "RpcFrameworkError"),
        ("[]", "not_an_array", None, "RpcFrameworkError"),
        ('[2,"a",7,{}]', "action", "FormationViolation", "RpcFrameworkError"),
        ('[2,"a"]', "action", "FormationViolation", "RpcFrameworkError"),
        ('[2,null,"X",{}]', "message_id", None, "RpcFrameworkError"),
        ('[2,1.5,"X",{}]', "message_id", None, "RpcFrameworkError"),
        ('[2,true,"X",{}]', "message_id", None, "RpcFrameworkError"),
        ('[2]', "message_id", None, "RpcFrameworkError"),
        (f'[2,"{"x" * 256}","X",{{}}]', "message_id", None, "RpcFrameworkError"),
        ('["2","a","X",{}]', "message_type", None, "RpcFrameworkError"),
        ('[true,"a","X",{}]', "message_type", None, "RpcFrameworkError"),
        ('[3]', "message_id", None, None),
        ('[4,null,"InternalError","",{}]', "message_id", None, None),
    ],
)  # fmt: skip
def test_answers_the_unreadable_as_its_version_asks(
    text: str, reason: str, answer_16: str | None, answer_2x: str | None
) -> None:
    for version, expected in ((V16, answer_16), (V201, answer_2x), (V21, answer_2x)):
        frame = read_frame(text, version)
        assert isinstance(frame, Unreadable)
        assert frame.reason == reason
        if expected is None:
            assert frame.answer is None
        else:
            assert frame.answer is not None
            assert expected in (frame.answer, json.loads(frame.answer)[2])


@pytest.mark.parametrize("text", ['[1,"a","StartTransaction",{}]', '[7,"a"]'])
def test_an_unknown_message_type_is_told_to_the_sender_by_2_0_1_alone(text: str) -> None:
    assert read_frame(text, V16) == Unreadable("message_type")
    assert read_frame(text, V21) == Unreadable("message_type")
    told = read_frame(text, V201)
    assert isinstance(told, Unreadable)
    assert json.loads(told.answer or "")[:3] == [4, "a", "MessageTypeNotSupported"]


@pytest.mark.parametrize("text", ['[5,"a","X","",{}]', '[6,"a","X",{}]'])
def test_the_message_types_of_2_1_are_unknown_before(text: str) -> None:
    assert read_frame(text, V16) == Unreadable("message_type")
    told = read_frame(text, V201)
    assert isinstance(told, Unreadable)
    assert json.loads(told.answer or "")[:3] == [4, "a", "MessageTypeNotSupported"]


def test_an_unreadable_send_or_error_report_is_never_answered() -> None:
    assert read_frame('[6,"a"]', V21) == Unreadable("action")
    assert read_frame('[6,null,"X",{}]', V21) == Unreadable("message_id")
    assert read_frame('[5,null,"X","",{}]', V21) == Unreadable("message_id")


def test_ids_are_echoed_as_they_came() -> None:
    for text in ('"a\\"é"', "17", '""', "123456789012345678901234567890"):
        frame = read_frame(f'[2,{text},"Heartbeat",{{}}]', V16)
        assert isinstance(frame, Call)
        assert (
            call_result(frame.message_id, {})
            == f"[3,{json.dumps(frame.message_id, ensure_ascii=False)},{{}}]"
        )
        assert json.loads(call_error(frame.message_id, "X"))[1] == frame.message_id


def test_writes_each_kind_of_message() -> None:
    assert call("a", "Reset", {"type": "Soft"}) == '[2,"a","Reset",{"type":"Soft"}]'
    assert call_result("a", {}) == '[3,"a",{}]'
    assert call_error("a", "InternalError", "x" * 300) == f'[4,"a","InternalError","{"x" * 255}",{{}}]'
    assert call_result_error("a", "X", "y", {"z": 1}) == '[5,"a","X","y",{"z":1}]'
    assert send("a", "X", {}) == '[6,"a","X",{}]'
    assert json.loads(call("a", "X", {"limit": Decimal("6.1")})) == [2, "a", "X", {"limit": 6.1}]
    with pytest.raises(TypeError, match="object has no place in an OCPP message"):
        call("a", "X", {"v": object()})


@pytest.mark.parametrize(
    "digits", ["0.1", "1.10", "1234567.8901", "99999999.9999999", "0.0000012", "12E3", "7"]
)
def test_short_numbers_are_exact(digits: str) -> None:
    assert decimal_of(_value_of(digits)) == Decimal(digits)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
@settings(max_examples=200, deadline=None)
def test_every_number_is_exact(number: Decimal) -> None:
    digits = f"{number:f}"
    assert decimal_of(_value_of(digits)) == Decimal(digits)


@pytest.mark.parametrize("value", [True, "x", "", "NaN", "1_000", "Infinity"])
def test_what_is_no_number_has_no_value(value: Any) -> None:
    assert decimal_of(value) is None


def test_integers_beyond_64_bits_stay_integers() -> None:
    assert _value_of("123456789012345678901234567890") == 123456789012345678901234567890


def _value_of(digits: str) -> Any:
    frame = read_frame(f'[2,"a","X",{{"v":{digits}}}]', V201)
    assert isinstance(frame, Call)
    return frame.payload["v"]


def test_size_is_counted_in_bytes() -> None:
    limits = Limits(size=100)
    assert isinstance(read_frame('[2,"a","X",{"v":"' + "x" * 60 + '"}]', V16, limits), Call)
    assert read_frame('[3,"a",{"v":"' + "é" * 60 + '"}]', V16, limits) == Unreadable("too_large")
    assert read_frame("x" * 101, V16, limits) == Unreadable("too_large")


@pytest.mark.parametrize("version", list(Version))
def test_a_call_too_large_is_answered_all_the_same(version: Version) -> None:
    """Unanswered, it would be sent again for ever, and everything behind it would wait."""
    frame = read_frame(' [ 2 , "a-1","X",{"v":"' + "é" * 60 + '"}]', version, Limits(size=100))
    assert isinstance(frame, Unreadable)
    assert frame.answer is not None
    code = "FormationViolation" if version is V16 else "RpcFrameworkError"
    assert json.loads(frame.answer)[:3] == [4, "a-1", code]


def test_depth_and_keys_are_limited_but_signs_in_text_are_free() -> None:
    deep = '[2,"a","X",' + '{"a":' * 25 + "1" + "}" * 26
    assert read_frame(deep[:-1] + "]", V16) == Unreadable(
        "too_deep", _formation("the message is nested too deeply")
    )
    wide = '[2,"a","X",{' + ",".join(f'"{n}":0' for n in range(LIMITS.keys + 1)) + "}]"
    assert read_frame(wide, V16, Limits(size=10**6)) == Unreadable(
        "too_many_keys", _formation("the message holds too many fields")
    )
    text = json.dumps([2, "a", "X", {"v": "[{:" * 9000}])
    assert isinstance(read_frame(text, V16), Call)


@pytest.mark.parametrize("opening", ["[", '{"a":', '["x",'])
def test_depth_is_exact_whatever_surrounds_it(opening: str) -> None:
    closing = "}" if opening.startswith("{") else "]"
    noise = ",".join(['{"k":["v"]}'] * 30)
    for quirk in ('"quiet"', '"]]]]"', '"[[[["', '"\\\\"', '"\\"]"'):
        for depth in (LIMITS.depth - 3, LIMITS.depth - 2):
            nested = opening * depth + quirk + closing * depth
            frame = read_frame(f'[2,"a","X",{{"n":[{noise}],"v":{quirk},"d":{nested}}}]', V16)
            assert isinstance(frame, Call) == (depth + 2 <= LIMITS.depth)


def _formation(words: str) -> str:
    return call_error("a", "FormationViolation", words)


@pytest.mark.parametrize("limits", [LIMITS, LARGE])
def test_a_full_night_of_transaction_data_passes(limits: Limits) -> None:
    sample = {"value": "1.5", "context": "Sample.Clock", "measurand": "Voltage", "phase": "L1-N", "unit": "V"}
    meter_value = {"timestamp": "2024-01-01T00:00:00Z", "sampledValue": [sample] * 8}
    room = limits.size // len(json.dumps(meter_value)) - 1
    text = json.dumps([2, "a", "StopTransaction", {"transactionData": [meter_value] * room}])
    assert limits.size * 0.9 < len(text) < limits.size
    assert isinstance(read_frame(text, V16, limits), Call)


def test_the_deepest_schema_fits_with_room_to_spare() -> None:
    def depth(schema: Schema, root: Schema) -> int:
        if "$ref" in schema:
            return depth(root["definitions"][schema["$ref"].rpartition("/")[2]], root)
        if schema.get("type") == "array":
            return 1 + depth(schema["items"], root)
        if schema.get("type") == "object":
            return 1 + max((depth(inner, root) for inner in schema.get("properties", {}).values()), default=0)
        return 0

    deepest = 0
    for version, kind, action in messages():
        message = catalogue(version).message(kind, action)
        assert message is not None
        deepest = max(deepest, depth(message.schema, message.schema))
    assert 10 < deepest + 1 <= LIMITS.depth - 4


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(st.text() | JSON.map(json.dumps) | st.text(alphabet='[]{}",\\:0123e-. \n'), st.sampled_from(Version))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read(text: str, version: Version) -> None:
    _check(read_frame(text, version))


@given(st.lists(JSON, max_size=6), st.sampled_from([2, 3, 4, 5, 6, 1, -1]), st.sampled_from(Version))
@settings(max_examples=300, deadline=None)
def test_any_message_is_read(parts: list[Any], kind: int, version: Version) -> None:
    _check(read_frame(json.dumps([kind, *parts]), version))


def test_damaged_frames_are_read() -> None:
    random = Random(11)
    everything = messages()
    for seed in range(600):
        version, kind, action = random.choice(everything)
        payload = mutated(random, valid_payload(version, kind, action, seed))
        text = json.dumps([random.choice((2, 2, 3, 6)), f"m{seed}", action, payload])
        cut = random.randint(0, len(text))
        _check(read_frame(text, version))
        _check(read_frame(text[:cut], version))
        _check(read_frame(text[:cut] + random.choice(('"', ",", "]", "\\", "\x00")) + text[cut:], version))


HOSTILE = (
    "[" * 60_000,
    '"' + '\\"' * 30_000,
    "[," * 30_000,
    "[" + " " * 60_000,
    ",]" * 30_000,
    '"\\\n' * 20_000,
)


def test_hostile_text_takes_time_in_proportion_to_its_length() -> None:
    began = time.process_time()
    for text in HOSTILE:
        assert isinstance(read_frame(text, V16), Unreadable)
    assert time.process_time() - began < 2  # 0.03 s; a quadratic scan takes minutes


def _check(frame: Frame) -> None:
    if isinstance(frame, Unreadable):
        if frame.answer is not None:
            kind, message_id, code, description, details = json.loads(frame.answer)
            assert kind == 4
            assert isinstance(message_id, str | int)
            assert code.isalpha()
            assert len(description) <= 255
            assert details == {}
    else:
        assert isinstance(frame.message_id, str | int)
        assert json.loads(call_result(frame.message_id, {}))[1] == frame.message_id
