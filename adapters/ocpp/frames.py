"""OCPP-J frames: text → what kind of message it is, and back. Pure, and never raises on what a charger sends.

Message ids. OCPP-J §4.1.4 makes them strings of at most 36 characters, and an answer carries its call's id.
Chargers also send numbers and longer strings. We take both and echo the id as the very JSON value we got: the
same id to a charger that compares values as well as to one that compares text. Null, true, a fraction or a
list is no id.

Numbers. orjson reads fractions as binary floats, and integers beyond 64 bits as floats too. A frame that
holds a run of 16 or more digits is therefore read again with Decimal and unbounded integers; all others are
exact by `numbers.decimal_of`. Of a name that occurs twice in an object the last one counts.
"""

import json
import re
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
import orjson

from adapters.ocpp.mending import mend
from adapters.ocpp.versions import Version

MessageId: TypeAlias = str | int
"""A message id as the charger wrote it, echoed unchanged. `str(id)` is the cause of events."""

ID_LENGTH = 36
"""OCPP-J §4.1.4; longer ids are taken and flagged."""
ID_BOUND = 255
"""Beyond this an id is not an id: it is stored with every event."""


class Limits(msgspec.Struct, frozen=True):
    """How large a frame may be before it is looked at closely."""

    size: int = 64 * 1024
    """Bytes of UTF-8. MeterValues with 20 samples is 3 KB; a 2.x report of 100 variables 40 KB."""
    depth: int = 20
    """Arrays and objects within each other. The deepest schema (2.x ReportChargingProfiles) needs 14."""
    keys: int = 8 * 1024
    """Names in all objects. Meter samples hold one per 20 bytes: 3,300 in a full frame; spam one per 5."""


LIMITS = Limits()
LARGE = Limits(size=512 * 1024, keys=64 * 1024)
"""For chargers that put a whole night of `transactionData` into one StopTransaction: 21,000 names."""


class Call(msgspec.Struct, frozen=True):
    """A request: `[2, id, action, payload]`. The payload is an object once its schema has passed it."""

    message_id: MessageId
    action: str
    payload: Any
    flaws: tuple[str, ...] = ()
    """What was wrong with the envelope and did not matter: `long_id`, `payload_null`, `leading_comma` …"""


class CallResult(msgspec.Struct, frozen=True):
    """An answer: `[3, id, payload]`."""

    message_id: MessageId
    payload: Any
    flaws: tuple[str, ...] = ()


class CallError(msgspec.Struct, frozen=True):
    """A refusal: `[4, id, code, description, details]`. Missing parts are empty, others made text."""

    message_id: MessageId
    code: str
    description: str
    details: Any
    flaws: tuple[str, ...] = ()


class CallResultError(msgspec.Struct, frozen=True):
    """2.1: the charger could not use our answer: `[5, id, code, description, details]`."""

    message_id: MessageId
    code: str
    description: str
    details: Any
    flaws: tuple[str, ...] = ()


class Send(msgspec.Struct, frozen=True):
    """2.1: a message that wants no answer: `[6, id, action, payload]`."""

    message_id: MessageId
    action: str
    payload: Any
    flaws: tuple[str, ...] = ()


class Unreadable(msgspec.Struct, frozen=True):
    """Not a message: why not, and the exact text to send back, None where the answer is silence."""

    reason: str
    """One of the keys of `REASONS`."""
    answer: str | None = None


Frame: TypeAlias = Call | CallResult | CallError | CallResultError | Send | Unreadable


def read_frame(text: str, version: Version, limits: Limits = LIMITS) -> Frame:
    """Read one text frame; whatever it holds, the result is one of the variants of `Frame`."""
    if len(text) > limits.size or (not text.isascii() and _utf8_length(text) > limits.size):
        return _unreadable("too_large", version, _head(text))
    flaws: tuple[str, ...] = ()
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        mended = mend(text)
        if mended is None:
            return _unreadable("not_json", version, _head(text))
        text, flaws = mended.text, mended.rules
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            return _unreadable("not_json", version, _head(text))
    if type(message) is not list or not message:
        return _unreadable("not_an_array", version)
    data = text.encode()
    if data.count(b":") > limits.keys or not _surely_shallow(data, limits.depth):
        excess = _measured_excess(message, limits)
        if excess:
            return _unreadable(excess, version, message)
    if _LONG_NUMBER in data.translate(_DIGITS):
        message = json.loads(text, parse_float=Decimal)  # orjson has refused integers of over 308 digits
    return _interpret(message, version, flaws)


def call(message_id: MessageId, action: str, payload: Any) -> str:
    """The text of a request to a charger."""
    return _text([2, message_id, action, payload])


def call_result(message_id: MessageId, payload: Any) -> str:
    """The text of an answer; `message_id` is the one of the call, unchanged."""
    return _text([3, message_id, payload])


def call_error(message_id: MessageId, code: str, description: str = "", details: Any = None) -> str:
    """The text of a refusal. The description is cut to the 255 characters of OCPP-J §4.2.3."""
    return _text([4, message_id, code, description[:255], {} if details is None else details])


def call_result_error(message_id: MessageId, code: str, description: str = "", details: Any = None) -> str:
    """The text that tells a 2.1 charger that its answer was unusable."""
    return _text([5, message_id, code, description[:255], {} if details is None else details])


def send(message_id: MessageId, action: str, payload: Any) -> str:
    """The text of a 2.1 message that wants no answer."""
    return _text([6, message_id, action, payload])


_DIGITS = bytes(ord("0") if chr(b) in "123456789." else b for b in range(256))
"""Turns every digit and the point into 0, so that a long number is a run of zeros."""
_LONG_NUMBER = b"0" * 16


def _text(message: list[Any]) -> str:
    try:
        return orjson.dumps(message).decode()
    except TypeError:  # a Decimal, or an integer beyond 64 bits (an id to be echoed)
        return json.dumps(message, default=_json_number, ensure_ascii=False, separators=(",", ":"))


def _json_number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in an OCPP message")


_HEAD_OF_CALL = re.compile(r'\s*\[\s*2\s*,\s*"([^"\\\ud800-\udfff]{1,36})"\s*,')


def _head(text: str) -> list[Any] | None:
    """The type and id of a CALL that cannot be parsed: unanswered, it would block the charger's queue."""
    head = _HEAD_OF_CALL.match(text)
    return [2, head[1]] if head else None


def _utf8_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _interpret(message: list[Any], version: Version, flaws: tuple[str, ...]) -> Frame:
    kind = message[0]
    if type(kind) is not int or kind not in _READERS or (kind > 4 and version is not Version.V21):
        return _unreadable("message_type", version, message)
    message_id = message[1] if len(message) > 1 else None
    if type(message_id) is str:
        if len(message_id) > ID_LENGTH:
            flaws = (*flaws, "long_id")
        elif not message_id:
            flaws = (*flaws, "empty_id")
    elif type(message_id) is int:
        flaws = (*flaws, "numeric_id")
    if _id_of(message) is None:
        return _unreadable("message_id", version, message)
    return _READERS[kind](message, version, flaws)


def _read_call(message: list[Any], version: Version, flaws: tuple[str, ...]) -> Frame:
    if len(message) < 3 or type(message[2]) is not str:
        return _unreadable("action", version, message)
    if len(message) == 4 and type(message[3]) is dict:
        return Call(message[1], message[2], message[3], flaws)
    payload, more = _payload(message, 3)
    return Call(message[1], message[2], payload, flaws + more)


def _read_result(message: list[Any], version: Version, flaws: tuple[str, ...]) -> Frame:
    payload, more = _payload(message, 2)
    return CallResult(message[1], payload, flaws + more)


def _read_error(message: list[Any], version: Version, flaws: tuple[str, ...]) -> Frame:
    variant = CallError if message[0] == 4 else CallResultError
    parts = message[2:5] + [None] * (5 - len(message))
    code, description, details = parts
    return variant(
        message[1],
        code if isinstance(code, str) else "",
        description if isinstance(description, str) else "",
        details if isinstance(details, dict) else {},
        flaws,
    )


def _read_send(message: list[Any], version: Version, flaws: tuple[str, ...]) -> Frame:
    if len(message) < 3 or type(message[2]) is not str:
        return _unreadable("action", version, message)
    payload, more = _payload(message, 3)
    return Send(message[1], message[2], payload, flaws + more)


_READERS = {2: _read_call, 3: _read_result, 4: _read_error, 5: _read_error, 6: _read_send}


def _payload(message: list[Any], index: int) -> tuple[Any, tuple[str, ...]]:
    """The payload at `index`; nothing, null and `[]` (an empty map in PHP and Lua) mean an empty object."""
    if len(message) <= index:
        return {}, ("payload_missing",)
    flaws: tuple[str, ...] = ("extra_elements",) if len(message) > index + 1 else ()
    payload = message[index]
    if payload is None:
        return {}, ("payload_null", *flaws)
    if payload == [] and type(payload) is list:
        return {}, ("payload_empty_list", *flaws)
    return payload, flaws


def _id_of(message: list[Any]) -> MessageId | None:
    """The id of a message, None where it cannot be echoed."""
    if len(message) < 2:
        return None
    message_id = message[1]
    if type(message_id) is str:
        return message_id if len(message_id) <= ID_BOUND else None
    if type(message_id) is int:
        return message_id if abs(message_id) < 10**ID_LENGTH else None
    return None


def _unreadable(reason: str, version: Version, message: list[Any] | None = None) -> Unreadable:
    """Add the answer of the specification, see `_answer_code`; "-1" stands for an id that cannot be read."""
    code = _answer_code(reason, version, message)
    if code is None:
        return Unreadable(reason)
    message_id = _id_of(message) if message else None
    return Unreadable(reason, call_error("-1" if message_id is None else message_id, code, REASONS[reason]))


def _answer_code(reason: str, version: Version, message: list[Any] | None) -> str | None:
    """The error code to answer with, None for silence.

    Answers and errors are never answered: two careful peers would go on for ever; neither is a SEND (2.1
    part 4 §4.2.4). A message type its version does not know is ignored by 1.6 (OCPP-J §4.1.3) and 2.1 (part
    4 §4.4), and told to the sender by 2.0.1 alone (part 4 §4.4). 1.6 knows no error without an id; 2.x has
    RpcFrameworkError for it, with the id "-1" (part 4 §4.2.3). Where the id of a broken CALL can be read, it
    is the content that is at fault: FormationViolation, from 2.0.1 on FormatViolation (J-errata 5.2).
    """
    kind = message[0] if message else None
    if type(kind) is int and (kind in (3, 4) or (kind in (5, 6) and version is Version.V21)):
        return None
    if reason == "message_type" and type(kind) is int:
        return "MessageTypeNotSupported" if version is Version.V201 else None
    readable = kind == 2 and message is not None and _id_of(message) is not None
    if version is Version.V16:
        return "FormationViolation" if readable else None
    return "FormatViolation" if readable and reason == "not_json" else "RpcFrameworkError"


REASONS = {
    "too_large": "the message is larger than this system takes",
    "too_deep": "the message is nested too deeply",
    "too_many_keys": "the message holds too many fields",
    "not_json": "the message is not JSON",
    "not_an_array": "the message is not a JSON array",
    "message_type": "this message type is not supported",
    "message_id": "the message id cannot be read",
    "action": "the action cannot be read",
}
"""Why a frame is unreadable, and the words for it."""


_BESIDE_STRUCTURE = bytes(b for b in range(256) if chr(b) not in '[]{}"\\')


def _surely_shallow(data: bytes, depth: int) -> bool:
    """Whether the text alone shows that nothing is nested deeper than `depth`: 0.3 to 3 µs, no walk.

    Brackets are left when strings without brackets have gone; each round takes off at most two levels. With a
    backslash or a bracket inside a string the text does not tell, and the message has to be walked.
    """
    if data.count(b"[") + data.count(b"{") <= depth:
        return True
    shape = data.translate(None, _BESIDE_STRUCTURE).replace(b'""', b"")
    if b'"' in shape or b"\\" in shape:
        return False
    for _ in range(depth // 2):
        shape = shape.replace(b"{}", b"").replace(b"[]", b"")
    return not shape


def _measured_excess(message: list[Any], limits: Limits) -> str | None:
    """Walk level by level, without recursion: containers of one level, then those within them."""
    level: list[Any] = [message]
    depth = keys = 0
    while level:
        depth += 1
        if depth > limits.depth:
            return "too_deep"
        within: list[Any] = []
        for container in level:
            if type(container) is dict:
                keys += len(container)
                within += [v for v in container.values() if type(v) is dict or type(v) is list]
            else:
                within += [v for v in container if type(v) is dict or type(v) is list]
        if keys > limits.keys:
            return "too_many_keys"
        level = within
    return None
