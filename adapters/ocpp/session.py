"""The session of one connected charger: frame in, report to the application, answer out, in order.

One task reads the socket and handles one message at a time: the order of a charger's messages is kept, and a
slow store slows the reading: back-pressure instead of a queue. A handler never awaits its own charger.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import orjson

from adapters.ocpp.action import Action
from adapters.ocpp.counters import OTHER, Counters
from adapters.ocpp.faults import (
    Fault,
    internal_error,
    not_accepted_yet,
    unknown_action,
    unsupported_action,
)
from adapters.ocpp.frames import (
    LIMITS,
    Call,
    CallError,
    CallResult,
    CallResultError,
    Frame,
    Limits,
    MessageId,
    Send,
    Unreadable,
    call_result,
    read_frame,
)
from adapters.ocpp.outgoing import Outgoing
from adapters.ocpp.repairs import admit
from adapters.ocpp.rubbish import Rubbish
from adapters.ocpp.schemas import Kind, catalogue
from adapters.ocpp.secrets import TELLING, without_passwords
from adapters.ocpp.versions import Version
from application import clock
from application.desk import Desk
from application.intake import ConnectionReplaced, Intake, ReportNotSettled
from application.ports import EventNotStorable, StoreUnavailable
from application.reports import Report, Withheld
from domain.chargers.events import Acceptance, AnswerUnexpected, FrameIgnored, FrameRejected
from domain.event import Fact, Told

log = logging.getLogger("zeus.ocpp")

NOT_STORED = (StoreUnavailable, ReportNotSettled, EventNotStorable)
"""Why a message could not be recorded: nobody is told that it was; a charger sends it again."""


class Refused(Exception):
    """A message that cannot be taken: carries the fault the charger is told."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.description)
        self.fault = fault


class Session:
    """One charger over one socket."""

    __slots__ = (
        "_actions",
        "_catalogue",
        "_counters",
        "_intake",
        "_limits",
        "_rubbish",
        "_send",
        "connection",
        "desk",
        "outgoing",
        "over",
        "version",
    )

    def __init__(
        self,
        desk: Desk,
        intake: Intake,
        version: Version,
        actions: Mapping[str, Action],
        connection: str,
        send: Callable[[str], Awaitable[None]],
        limits: Limits = LIMITS,
        counters: Counters | None = None,
        rubbish: Rubbish | None = None,
    ) -> None:
        self.desk = desk
        self.version = version
        self.connection = connection
        self.outgoing = Outgoing()
        """Our calls to the charger."""
        self.over = False
        """Set when another connection replaced this one: what still arrives changes nothing."""
        self._intake = intake
        self._actions = actions
        self._catalogue = catalogue(version)
        self._send = send
        self._limits = limits
        self._counters = Counters() if counters is None else counters
        self._rubbish = Rubbish() if rubbish is None else rubbish

    async def receive(self, text: str, *, raw: bytes | None = None, flaw: str = "") -> None:
        """Take one text frame: decide, store, answer. `raw` and `flaw` where the bytes were no UTF-8 text.

        Raises ConnectionReplaced: the session is over, and what came has changed nothing.
        """
        if self.over:
            return
        now = clock.now()
        frame = read_frame(text, self.version, self._limits)
        telling = not isinstance(frame, Call | Send) or frame.action in TELLING
        kept = without_passwords(text) if telling else text
        told = Told(
            recorded_at=now,
            connection=self.connection,
            frame=kept,
            frame_bytes=raw if kept is text else None,
            repairs=(flaw,) if flaw else (),
        )
        if type(frame) is Call:
            since = clock.monotonic()
            action = frame.action if frame.action in self._actions else OTHER
            await self._answer(frame, action, told)
            self._counters.answered(action, clock.monotonic() - since)
        else:
            await self._take_other(frame, told)

    async def say(self, action: str, text: str) -> None:
        """Send a call of ours; raises OSError where the socket is gone."""
        if self.over:
            raise ConnectionResetError("the session is over")
        await self._send(text)
        self._counters.frames["out", "call", action] += 1

    async def goodbye(self) -> None:
        """Write what was counted but not yet recorded; call it when the socket is gone."""
        self.outgoing.hang_up()
        if summary := self._rubbish.summary():
            now = clock.now()
            try:
                recorded = await self._record([summary], Told(recorded_at=now, connection=self.connection))
            except ConnectionReplaced:  # the connection that took over tells it with its own
                recorded = False
            if not recorded:
                self._rubbish.put_back([summary], 0, now)

    # -- calls ---------------------------------------------------------------------------------------------

    async def _answer(self, call: Call, label: str, told: Told) -> None:
        cause = str(call.message_id)
        try:
            action, report, repairs = self._read(call.action, call.payload, Kind.REQUEST)
        except Refused as refused:
            fault = refused.fault if self._may_talk(call.action) else not_accepted_yet()
            await self._reject(call, label, fault, msgspec.structs.replace(told, cause=cause))
            return
        told = _heard(told, cause, report, call.flaws + repairs)
        if told.repairs:
            self._counters.repairs(told.repairs)

        def compose(outcome: object) -> str:
            return self._compose(call.message_id, call.action, action, outcome)

        try:
            reply = await self._intake.take(self.desk, call.action, report, told, compose)
        except NOT_STORED as error:
            log.warning("%s %s not stored: %r", self.desk.charger.stream, call.action, error)
            reply = internal_error().answer(call.message_id)
        except ConnectionReplaced:
            self.over = True
            raise
        if reply is not None:
            await self._reply(label, reply)

    def _may_talk(self, action: str) -> bool:
        """Whether a fault of a call may be named; before acceptance there is one alone (2.x B01.FR.10)."""
        return action == "BootNotification" or self.desk.charger.acceptance is Acceptance.ACCEPTED

    def _read(self, name: str, payload: Any, kind: Kind) -> tuple[Action, Report, tuple[str, ...]]:
        """The action, the report, and the repairs the payload needed; raises Refused."""
        action = self._actions.get(name)
        message = self._catalogue.message(kind, name)
        if action is None or message is None:
            known = self._catalogue.is_valid_request(name)
            raise Refused(unsupported_action(name) if known else unknown_action(self.version, name))
        admitted = admit(message, payload)
        if isinstance(admitted, Fault):
            raise Refused(admitted)
        try:
            return action, action.to_report(admitted.payload), admitted.rules
        except Exception as error:
            log.exception("%s %s could not be read", self.desk.charger.stream, name)
            raise Refused(internal_error()) from error

    def _compose(self, message_id: MessageId, name: str, action: Action, outcome: object) -> str:
        if isinstance(outcome, Withheld):
            return not_accepted_yet().answer(message_id)
        payload = action.to_answer(outcome)
        message = self._catalogue.message(Kind.ANSWER, name)
        if message is None or not message.is_valid(payload):
            log.error("%s: our answer to %s breaks the schema: %s", self.desk.charger.stream, name, payload)
            return internal_error().answer(message_id)
        return call_result(message_id, payload)

    async def _reply(self, label: str, reply: str) -> None:
        if self.over:  # while the store was at work: the socket is closed
            return
        await self._send(reply)
        if reply.startswith("[3"):
            self._counters.frames["out", "result", label] += 1
        else:
            self._counters.frames["out", "error", label] += 1
            self._counters.errors_sent[orjson.loads(reply)[2]] += 1

    async def _reject(self, call: Call, label: str, fault: Fault, told: Told) -> None:
        self._counters.invalid["action" if label is OTHER else "schema"] += 1
        reply = fault.answer(call.message_id)
        fact = FrameRejected(code=fault.code, description=fault.description, action=call.action[:50])
        await self._record_rubbish(fact, told, reply)
        await self._reply(label, reply)

    # -- everything else -----------------------------------------------------------------------------------

    async def _take_other(self, frame: Frame, told: Told) -> None:
        if isinstance(frame, Unreadable):
            self._counters.frames["in", "unreadable", OTHER] += 1
            self._counters.invalid[frame.reason] += 1
            fact: Fact = FrameRejected(code="Unreadable", description=frame.reason)
            if frame.reason == "message_type" and frame.answer is None:
                fact = FrameIgnored(reason=frame.reason)
            await self._record_rubbish(fact, told, frame.answer)
            if frame.answer is not None:
                await self._reply(OTHER, frame.answer)
        elif isinstance(frame, Send):
            await self._take_send(frame, told)
        elif isinstance(frame, CallResult | CallError) and await self._hear(frame, told):
            kind = "result" if isinstance(frame, CallResult) else "error"
            self._counters.frames["in", kind, OTHER] += 1
        elif isinstance(frame, CallResult | CallError | CallResultError):
            code = "" if isinstance(frame, CallResult) else frame.code[:50]
            self._counters.frames["in", "error" if code else "result", OTHER] += 1
            self._counters.invalid["orphan_result"] += 1
            message_id = str(frame.message_id)
            told = msgspec.structs.replace(told, cause=message_id, repairs=told.repairs + frame.flaws)
            await self._record_rubbish(AnswerUnexpected(message_id=message_id, error_code=code), told, None)

    async def _hear(self, frame: CallResult | CallError, told: Told) -> bool:
        """A reply to a call of ours; False where nobody waits for it.

        What it says is recorded on the command's stream, which does not tell whose connection is the charger's.
        """
        if not self.outgoing.awaits(str(frame.message_id)):
            return False
        try:
            await self._intake.check_place(self.desk)
        except StoreUnavailable as error:  # nor can the reply be recorded now: the exchange keeps it
            log.warning("%s: cannot look up its connection: %r", self.desk.charger.stream, error)
        except ConnectionReplaced:
            self.over = True
            raise
        return await self.outgoing.reply(frame, told)

    async def _take_send(self, frame: Send, told: Told) -> None:
        """2.1 SEND: taken like a call, answered never."""
        cause = str(frame.message_id)
        label = frame.action if frame.action in self._actions else OTHER
        self._counters.frames["in", "send", label] += 1
        try:
            _, report, repairs = self._read(frame.action, frame.payload, Kind.SEND)
        except Refused as refused:
            self._counters.invalid["action" if label is OTHER else "schema"] += 1
            fact = FrameRejected(
                code=refused.fault.code, description=refused.fault.description, action=frame.action[:50]
            )
            await self._record_rubbish(fact, msgspec.structs.replace(told, cause=cause), None)
            return
        told = _heard(told, cause, report, frame.flaws + repairs)
        self._counters.repairs(told.repairs)
        try:
            await self._intake.take(self.desk, frame.action, report, told, lambda _: None)
        except NOT_STORED as error:
            log.warning("%s %s not stored: %r", self.desk.charger.stream, frame.action, error)
        except ConnectionReplaced:
            self.over = True
            raise

    async def _record_rubbish(self, fact: Fact, told: Told, reply: str | None) -> None:
        """Record a frame that led to nothing, as long as there are not too many of them."""
        raw = told.frame_bytes
        size_bytes = len((told.frame or "").encode("utf-8", "surrogatepass") if raw is None else raw)
        facts = self._rubbish.take(fact, size_bytes, told.recorded_at)
        if facts:
            whole = facts[0] is fact
            circumstances = msgspec.structs.replace(told, reply=reply) if whole else _without_frame(told)
            if not await self._record(facts, circumstances):
                self._rubbish.put_back(facts, size_bytes, told.recorded_at)

    async def _record(self, facts: list[Fact], told: Told) -> bool:
        try:
            await self._intake.record(self.desk, facts, told)
        except NOT_STORED as error:
            log.warning("%s: %s not stored: %r", self.desk.charger.stream, facts[0].TOPIC, error)
            return False
        except ConnectionReplaced:
            self.over = True
            raise
        return True


def _heard(told: Told, cause: str, report: Report, repairs: tuple[str, ...]) -> Told:
    return Told(
        recorded_at=told.recorded_at,
        occurred_at=report.at,
        cause=cause,
        connection=told.connection,
        frame=told.frame,
        frame_bytes=told.frame_bytes,
        seq_no=report.seq_no,
        repairs=told.repairs + repairs if repairs or told.repairs else (),
    )


def _without_frame(told: Told) -> Told:
    return msgspec.structs.replace(told, frame=None, frame_bytes=None)
