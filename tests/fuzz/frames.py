"""Frames no charger should send, and those it should: made from the schemas, seeded, by version.

    maker = FrameMaker(Version.V16, Random(7))
    frame = maker.frame()      # a `Made`: the text, or bytes that are no text, and what must come back

What must come back is known from how a frame was made, never from asking the code under test: `answered` is
True for a well-formed CALL (exactly one answer with its id), False for what nobody may answer, None where the
frame was damaged and the specification leaves more than one way.
"""

import json
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from adapters.ocpp.schemas import Kind, catalogue
from adapters.ocpp.v16.actions import ACTIONS as V16_ACTIONS
from adapters.ocpp.v21.actions import ACTIONS as V21_ACTIONS
from adapters.ocpp.v201.actions import ACTIONS as V201_ACTIONS
from adapters.ocpp.versions import Version
from tests.ocpp_payloads import messages, mutated, payload_maker

ACTIONS = {Version.V16: V16_ACTIONS, Version.V201: V201_ACTIONS, Version.V21: V21_ACTIONS}
STRANGE_IDS: tuple[Any, ...] = (
    None, True, 0, 7, -1, 2**70, 1.5, "", " ", "x" * 37, "x" * 300, [], {}, "\x00", "🙂", "a\"b\\c", 10**40,
)  # fmt: skip
STRANGE_TEXTS = (
    "", " ", "null", "true", "0", "-", "{}", "[]", "[[]]", "[2]", "[2,", '[2,"1"]', "ping", "\ufeff[]", "\x00",
    "NaN", "[NaN]", '[2,"1","Heartbeat",{}]]', '[2,"1","Heartbeat",{},]', '[,2,"1","Heartbeat",{}]',
    "[" * 50, "[" * 5000, '{"a":' * 400, '["' + "\\ud800" + '"]', '[2,"\\ud800","Heartbeat",{}]',
    '[2,"1","Heartbeat",{"a":1e999}]', '[2,"1","Heartbeat",' + "9" * 400 + "]", "[9]", '[9,"1",{}]',
    '[2.0,"1","Heartbeat",{}]', '["2","1","Heartbeat",{}]', "<xml/>", "GET / HTTP/1.1", "[-1]",
    '[2,"1","Heartbeat",{"a":"' + "x" * 70_000 + '"}]', "[" + "{}," * 30_000 + "{}]",
    '[2,"1","MeterValues",{' + ",".join(f'"k{n}":{n}' for n in range(9000)) + "}]",
)  # fmt: skip
NOT_TEXT = (b"\xff\xfe", b'[2,"1","Heartbeat",{"a":"\xe9"}]', b"\x00\x01\x02", b"\xed\xa0\x80", b"\xf0\x9f")
TOKENS = ("TAG1", "tag1", "TAG2", "", " ", "DEADBEEF", "a:b", "../..", "%2F", "\x00", "🙂🙂🙂🙂")
TIMES = (
    "2026-01-01T10:00:00Z", "2026-01-01T10:00:01.5Z", "2026-01-01T09:00:00Z", "2026-01-01T12:00:00+02:00",
    "1970-01-01T00:00:00Z", "2022-02-29T00:00:00Z", "2026-01-01T10:00:00", "", "yesterday", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
)  # fmt: skip
REGISTERS = (0, 1, 1000, 999, 2**31 - 1, -1, -(2**31), 42)


class Made(NamedTuple):
    """A frame to send."""

    text: str
    answered: bool | None
    message_id: Any = None
    """Of a well-formed CALL: what its one answer must carry."""
    raw: bytes | None = None
    """The bytes, where they are no UTF-8 text; `text` is then what a lenient reader makes of them."""


class FrameMaker:
    """Makes frames of one version; the same seed makes the same frames."""

    def __init__(self, version: Version, random: Random) -> None:
        self.version = version
        self.random = random
        self.number = 0
        self.given: list[int] = []
        """Transaction numbers the server gave out, for frames that name them."""
        self._kinds = [
            (kind, action) for own, kind, action in messages() if own is version and kind is not Kind.ANSWER
        ]
        self._taken = [(kind, action) for kind, action in self._kinds if action in ACTIONS[version]]
        self._requests = sorted(catalogue(version).actions(Kind.REQUEST))
        self._ways: tuple[tuple[int, Callable[[], Made]], ...] = (
            (30, self._valid), (25, self._damaged), (20, self._story), (6, self._envelope), (5, self._answer),
            (6, self._bitten), (3, self._strange), (2, self._no_text), (3, self._known_action_odd_payload),
        )  # fmt: skip

    def frame(self) -> Made:
        """The next one."""
        weights = [weight for weight, _ in self._ways]
        (way,) = self.random.choices([way for _, way in self._ways], weights)
        return way()

    def _next_id(self) -> str:
        self.number += 1
        return f"f-{self.number}"

    def _call(self, action: str, payload: Any) -> Made:
        message_id = self._next_id()
        return _made([2, message_id, action, payload], answered=True, message_id=message_id)

    def _message(self) -> tuple[Kind, str]:
        """Mostly what a charger may send; now and then what only a server may."""
        return self.random.choice(self._taken if self.random.random() < 0.9 else self._kinds)

    def _valid(self) -> Made:
        kind, action = self._message()
        payload = payload_maker(self.version, kind, action)(self.random)
        if kind is Kind.SEND:
            return _made([6, self._next_id(), action, payload], answered=False)
        return self._call(action, payload)

    def _damaged(self) -> Made:
        kind, action = self._message()
        payload = mutated(self.random, payload_maker(self.version, kind, action)(self.random))
        if kind is Kind.SEND:
            return _made([6, self._next_id(), action, payload], answered=False)
        return self._call(action, payload)

    def _known_action_odd_payload(self) -> Made:
        action = self.random.choice([*self._requests, "", "heartbeat", "x" * 500, "\x00", "Heartbeat "])
        payload = self.random.choice((None, [], {}, "", 0, [1], {"": {}}, {"customData": {"vendorId": "x"}}))
        return self._call(action, payload)

    def _story(self) -> Made:
        """Transactions whose messages name each other, in no order at all."""
        return self._story_16() if self.version is Version.V16 else self._story_2x()

    def _story_16(self) -> Made:
        choose = self.random.choice
        action = choose(("StartTransaction", "StopTransaction", "MeterValues", "StatusNotification"))
        number = choose((*self.given[-3:], -1, 0, 1, 2**31 - 1))
        if action == "StartTransaction":
            payload: dict[str, Any] = {
                "connectorId": choose((0, 1, 2)), "idTag": choose(TOKENS), "meterStart": choose(REGISTERS),
                "timestamp": choose(TIMES),
            }  # fmt: skip
        elif action == "StopTransaction":
            payload = {"transactionId": number, "meterStop": choose(REGISTERS), "timestamp": choose(TIMES)}
            if self.random.random() < 0.3:
                payload["transactionData"] = [self._meter_value()]
        elif action == "MeterValues":
            payload = {"connectorId": choose((0, 1, 2)), "meterValue": [self._meter_value()]}
            if self.random.random() < 0.7:
                payload["transactionId"] = number
        else:
            status = choose(("Available", "Charging", "SuspendedEV", "Faulted"))
            payload = {"connectorId": choose((0, 1, 2)), "status": status, "errorCode": "NoError"}
        return self._call(action, payload)

    def _story_2x(self) -> Made:
        choose = self.random.choice
        payload: dict[str, Any] = {
            "eventType": choose(("Started", "Updated", "Ended")),
            "timestamp": choose(TIMES),
            "triggerReason": choose(("Authorized", "MeterValuePeriodic", "ChargingStateChanged")),
            "seqNo": choose((0, 1, 2, 3)),
            "transactionInfo": {"transactionId": choose(("T1", "T2", "t1", "a/b", "", "~", "T1~2", "\x00"))},
        }
        if self.random.random() < 0.6:
            payload["evse"] = {"id": choose((0, 1, 2)), "connectorId": choose((0, 1))}
        if self.random.random() < 0.5:
            payload["meterValue"] = [self._meter_value()]
        if self.random.random() < 0.5:
            payload["idToken"] = {"idToken": choose(TOKENS), "type": choose(("ISO14443", "NoAuthorization"))}
        if self.random.random() < 0.3:
            payload["transactionInfo"]["chargingState"] = choose(("Charging", "SuspendedEV", "Idle"))
        return self._call("TransactionEvent", payload)

    def _meter_value(self) -> dict[str, Any]:
        value: Any = self.random.choice((0, 1, 1000, 1e300, -5, 0.1, 10**20))
        if self.version is Version.V16:
            value = self.random.choice((str(value), "NaN", "", "1,5", "1e400", "0x10", "∞"))
        context = self.random.choice(("Sample.Periodic", "Transaction.Begin", "Transaction.End"))
        return {
            "timestamp": self.random.choice(TIMES),
            "sampledValue": [{"value": value, "context": context}],
        }

    def _envelope(self) -> Made:
        choose = self.random.choice
        message = [choose((2, 2, 2, 3, 4, 5, 6, 0, 1, 7, -1, "2", None, True)), choose(STRANGE_IDS)]
        message += choose(
            ([], ["Heartbeat"], ["Heartbeat", {}], ["Heartbeat", {}, {}], [{}, {}], [None, None])
        )
        answered = False if message[0] in (3, 4, 5) and type(message[0]) is int else None
        return _made(message, answered=answered)

    def _answer(self) -> Made:
        kind = self.random.choice((3, 4))
        tail = [mutated(self.random, {"status": "Accepted"})]
        if kind == 4:
            tail = [
                self.random.choice(("InternalError", None, 5)),
                "words",
                self.random.choice(({}, "text", None)),
            ]
        return _made([kind, self._next_id(), *tail], answered=False)

    def _bitten(self) -> Made:
        """A valid frame with some of its text cut, doubled or replaced."""
        text = self._valid().text
        for _ in range(self.random.randint(1, 3)):
            start = self.random.randrange(len(text) + 1)
            end = min(len(text), start + self.random.choice((0, 1, 1, 2, 30)))
            text = (
                text[:start]
                + self.random.choice(("", ",", '"', "{", "]", "\\", "\x00", "0", "é"))
                + text[end:]
            )
        return Made(text, None)

    def _strange(self) -> Made:
        return Made(self.random.choice(STRANGE_TEXTS), None)

    def _no_text(self) -> Made:
        raw = self.random.choice(NOT_TEXT)
        return Made(raw.decode("utf-8", "replace"), None, raw=raw)


def _made(message: Any, *, answered: bool | None, message_id: Any = None) -> Made:
    return Made(json.dumps(message, ensure_ascii=False), answered, message_id)
