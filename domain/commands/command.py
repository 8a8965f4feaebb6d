"""The command aggregate: from the wish to what the charger said, with exactly one end."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from domain.commands.events import (
    FINAL,
    Answered,
    AnsweredLate,
    Cancelled,
    EffectFailed,
    EffectMissing,
    EffectObserved,
    Failed,
    OutcomeUnknown,
    Progressed,
    Requested,
    Sent,
    State,
    TimedOut,
)
from domain.commands.intent import Answer, Verdict
from domain.commands.intents import AnyIntent
from domain.event import Event, Fact

GRACE = timedelta(seconds=5)
"""Whoever has the socket settles its commands in time; this long after the deadline it is taken for dead."""


def command_stream(tenant: str, command_id: str) -> str:
    """`command/<tenant>/<id>`."""
    return f"command/{tenant}/{command_id}"


class Effect(msgspec.Struct, frozen=True):
    """What followed at the charger."""

    seen: str
    """`observed`, `failed` or `missing`."""
    words: str
    at: datetime
    event: str = ""
    after_s: float | None = None


class Command(msgspec.Struct):
    """State of one command; the only way to change it is `when`. Every decision may be asked for twice."""

    stream: str
    version: int = 0
    charger: str = ""
    intent: AnyIntent | None = None
    state: State = State.QUEUED
    reason: str = ""
    requested_by: str = ""
    requested_at: datetime | None = None
    send_before: datetime | None = None
    answer_within_s: int = 0
    protocol: str = ""
    connection: str = ""
    action: str = ""
    message_id: str = ""
    sent_at: datetime | None = None
    answer_before: datetime | None = None
    finished_at: datetime | None = None
    answer: Answer | None = None
    late_answer: bool = False
    code: str = ""
    why: str = ""
    steps: tuple[str, ...] = ()
    effect: Effect | None = None

    @property
    def id(self) -> str:
        """The last part of its stream: what the API calls it, and the message id on the wire."""
        return self.stream.rpartition("/")[2]

    @property
    def settled(self) -> bool:
        """Has it come to its end?"""
        return self.state in FINAL

    # -- decisions -----------------------------------------------------------------------------------------

    def send(self, fact: Sent, now: datetime) -> list[Fact]:
        """The frame is about to leave; nothing where it may not, because it left already or is settled."""
        if self.version == 0 or self.state is not State.QUEUED:
            return []
        if self.send_before is not None and now > self.send_before:
            return []
        return [fact]

    def answered(self, answer: Answer, latency_ms: int) -> list[Fact]:
        """The charger's answer; one that comes after the end is kept and changes nothing."""
        if self.state is State.SENT:
            return [Answered(charger=self.charger, answer=answer, latency_ms=latency_ms)]
        return self._late(AnsweredLate(charger=self.charger, answer=answer))

    def failed(self, code: str, description: str, latency_ms: int) -> list[Fact]:
        """The charger answered an error, or what is no answer to this."""
        if self.state is State.SENT:
            return [
                Failed(charger=self.charger, code=code, description=description, latency_ms=latency_ms),
            ]
        return self._late(AnsweredLate(charger=self.charger, code=code))

    def time_out(self, after_s: int) -> list[Fact]:
        """Connected, and silent for too long."""
        return [TimedOut(charger=self.charger, after_s=after_s)] if self.state is State.SENT else []

    def lose(self, why: str) -> list[Fact]:
        """The way to the charger is gone: unknown if the frame may have left, else cancelled."""
        if self.state is State.SENT:
            return [OutcomeUnknown(charger=self.charger, why=why)]
        return self.cancel(why)

    def cancel(self, why: str) -> list[Fact]:
        """It will not be sent."""
        if self.version and self.state is State.QUEUED:
            return [Cancelled(charger=self.charger, why=why)]
        return []

    def overdue(self, now: datetime) -> list[Fact]:
        """What is to be said when its deadline has passed and nobody said anything: its worker died."""
        if self.state is State.QUEUED and self.send_before and now > self.send_before + GRACE:
            return self.cancel("it could not be sent in time")
        if self.state is State.SENT and self.answer_before and now > self.answer_before + GRACE:
            return self.lose("the server that sent it ended before the answer came")
        return []

    def follow(self, fact: EffectObserved | EffectFailed | EffectMissing | Progressed) -> list[Fact]:
        """What was seen afterwards: the first sight of an effect counts; one given up may still come."""
        if isinstance(fact, Progressed):
            return [] if fact.step in self.steps or self.effect is not None else [fact]
        if self.effect is not None and (self.effect.seen != "missing" or isinstance(fact, EffectMissing)):
            return []
        return [fact]

    def _late(self, fact: AnsweredLate) -> list[Fact]:
        lacking = self.settled and self.sent_at is not None and self.answer is None and not self.code
        return [fact] if lacking and not self.late_answer else []

    # -- evolution -----------------------------------------------------------------------------------------

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state; never refuses, never looks at a clock."""
        self.version = event.originator_version
        at = event.told.recorded_at
        match event.fact:
            case Requested() as fact:
                self.charger, self.intent, self.reason = fact.charger, fact.intent, fact.reason
                self.send_before, self.answer_within_s = fact.send_before, fact.answer_within_s
                self.protocol, self.connection = fact.protocol, fact.connection
                self.requested_by, self.requested_at = event.told.actor, at
            case Sent() as fact:
                self.state, self.sent_at = State.SENT, at
                self.action, self.message_id = fact.action, fact.message_id
                self.answer_before, self.connection = fact.answer_before, fact.connection
            case Answered() as fact:
                self.answer = fact.answer
                agreed = fact.answer.verdict is Verdict.AGREED
                self._end(State.SUCCEEDED if agreed else State.REJECTED, at, fact.answer.reason)
            case Failed() as fact:
                self.code = fact.code
                self._end(State.FAILED, at, fact.description)
            case TimedOut() as fact:
                self._end(State.TIMED_OUT, at, f"no answer within {fact.after_s} s")
            case OutcomeUnknown() as fact:
                self._end(State.UNKNOWN, at, fact.why)
            case Cancelled() as fact:
                self._end(State.CANCELLED, at, fact.why)
            case AnsweredLate():
                self.late_answer = True
            case Progressed() as fact:
                self.steps = (*self.steps, fact.step)
            case EffectObserved() as fact:
                self.effect = Effect("observed", fact.effect, at, fact.event, fact.after_s)
            case EffectFailed() as fact:
                self.effect = Effect("failed", fact.effect, at, fact.event)
            case EffectMissing() as fact:
                words = f"accepted, but nothing followed in {fact.within_s} s"
                self.effect = Effect("missing", words, at)
            case _:
                pass

    def _end(self, state: State, at: datetime, why: str) -> None:
        self.state, self.finished_at, self.why = state, at, why
