"""A charger's session: every call has its one answer, noise has none, and all of it is in the log or counted."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from adapters.ocpp.rubbish import KEPT_AT_ONCE
from adapters.ocpp.session import Session
from adapters.ocpp.versions import Version
from application.desk import Desk
from application.intake import Intake
from application.reports import Report
from application.rules import Rules
from application.snapshots import load_charger
from domain.chargers.events import (
    Acceptance,
    AcceptanceDecided,
    AnswerUnexpected,
    FrameIgnored,
    FrameRejected,
    FramesSuppressed,
    HeartbeatReceived,
    MessageWithheld,
)
from domain.event import Event, Fact, Told
from tests.adapters.ocpp.front_door import CP, HEARTBEAT, NOW, FrontDoor
from tests.fakes.event_store import InMemoryEventStore
from tests.stories.line import ACTIONS


class Talk:
    """A session on a store in memory, and what it sent."""

    def __init__(self, store: InMemoryEventStore, session: Session, sent: list[str]) -> None:
        self.store = store
        self.session = session
        self.sent = sent

    async def say(self, text: str) -> list[Any] | None:
        """The answer to a frame, None for silence."""
        before = len(self.sent)
        await self.session.receive(text)
        assert len(self.sent) <= before + 1
        return list(orjson.loads(self.sent[before])) if len(self.sent) > before else None

    def events(self, *kinds: type[Fact]) -> list[Event[Fact]]:
        """The log without the registration, of those kinds."""
        return [one.event for one in self.store.log[2:] if isinstance(one.event.fact, kinds or Fact)]


async def talk(version: Version = Version.V16, **actions: Any) -> Talk:
    door = FrontDoor()
    await door.register()
    sent: list[str] = []

    async def send(text: str) -> None:
        sent.append(text)

    desk = Desk(door.store, await load_charger(door.store, CP))
    intake = Intake(door.store, Rules())
    session = Session(desk, intake, version, {**ACTIONS[version], **actions}, "c1", send)
    return Talk(door.store, session, sent)


class Unreadable:
    """An action whose reading has a fault of ours."""

    @staticmethod
    def to_report(payload: Mapping[str, Any]) -> Report:
        """Fails."""
        raise ZeroDivisionError

    @staticmethod
    def to_answer(outcome: Any) -> dict[str, Any]:
        """Never asked."""
        raise AssertionError


class Misanswered:
    """An action that is answered against the schema."""

    @staticmethod
    def to_report(payload: Mapping[str, Any]) -> Report:
        """Fine."""
        return Report(HeartbeatReceived())

    @staticmethod
    def to_answer(outcome: Any) -> dict[str, Any]:
        """Not what the schema wants."""
        return {"currentTime": 7}


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("action", [Unreadable, Misanswered])
async def test_a_fault_of_ours_is_an_internal_error_and_the_frame_is_kept(
    version: Version, action: Any, caplog: pytest.LogCaptureFixture
) -> None:
    line = await talk(version, Heartbeat=action)
    answer = await line.say(HEARTBEAT.format("1"))
    assert answer is not None
    assert answer[:3] == [4, "1", "InternalError"]
    (event,) = line.events()
    assert (event.told.frame, event.told.reply) == (HEARTBEAT.format("1"), line.sent[0])
    assert CP.stream in caplog.text


@pytest.mark.parametrize("version", list(Version))
async def test_before_acceptance_the_answer_is_a_security_error(version: Version) -> None:
    line = await talk(version)
    pending = [AcceptanceDecided(Acceptance.PENDING)]
    await Intake(line.store, Rules()).record(line.session.desk, pending, Told(recorded_at=NOW))
    answer = await line.say(HEARTBEAT.format("1"))
    assert answer is not None
    assert answer[:3] == [4, "1", "SecurityError"]
    assert len(line.events(MessageWithheld)) == 1


@pytest.mark.parametrize(
    ("version", "frame", "fact", "answered"),
    [
        (Version.V16, "rubbish", FrameRejected(code="Unreadable", description="not_json"), None),
        (
            Version.V201,
            "rubbish",
            FrameRejected(code="Unreadable", description="not_json"),
            [4, "-1", "RpcFrameworkError"],
        ),
        (Version.V16, '[9,"1",{}]', FrameIgnored(reason="message_type"), None),
        (
            Version.V201,
            '[9,"1",{}]',
            FrameRejected(code="Unreadable", description="message_type"),
            [4, "1", "MessageTypeNotSupported"],
        ),
        (Version.V16, '[3,"7",{}]', AnswerUnexpected(message_id="7"), None),
        (
            Version.V16,
            '[4,"7","GenericError","",{}]',
            AnswerUnexpected(message_id="7", error_code="GenericError"),
            None,
        ),
        (
            Version.V21,
            '[5,"7","FormatViolation","",{}]',
            AnswerUnexpected(message_id="7", error_code="FormatViolation"),
            None,
        ),
    ],
)
async def test_noise_is_kept_and_answered_as_the_specification_says(
    version: Version, frame: str, fact: Fact, answered: list[Any] | None
) -> None:
    line = await talk(version)
    answer = await line.say(frame)
    assert (answer and answer[:3]) == answered
    (event,) = line.events()
    assert event.fact == fact
    assert event.told.frame == frame
    assert event.told.reply == (line.sent[0] if line.sent else None)


def stream_of(payload: Mapping[str, Any]) -> str:
    return orjson.dumps([6, "s1", "NotifyPeriodicEventStream", payload]).decode()


GOOD_STREAM = stream_of(
    {"id": 1, "pending": 0, "basetime": "2026-11-22T12:00:00Z", "data": [{"t": 0, "v": "1"}]}
)


async def test_a_send_is_taken_and_never_answered() -> None:
    line = await talk(Version.V21)
    assert await line.say(GOOD_STREAM) is None
    (event,) = line.events()
    assert not isinstance(event.fact, FrameRejected)
    assert (event.told.cause, event.told.frame, event.told.reply) == ("s1", GOOD_STREAM, None)


@pytest.mark.parametrize("frame", [stream_of({"id": "?"}), '[6,"s1","MadeUp",{}]'])
async def test_a_send_that_cannot_be_taken_is_recorded_in_silence(frame: str) -> None:
    line = await talk(Version.V21)
    assert await line.say(frame) is None
    (event,) = line.events(FrameRejected)
    assert (event.told.cause, event.told.frame, event.told.reply) == ("s1", frame, None)


async def test_a_send_without_a_store_is_silence_too() -> None:
    line = await talk(Version.V21)
    line.store.unavailable = True
    assert await line.say(GOOD_STREAM) is None
    line.store.unavailable = False
    assert line.events() == []


async def test_after_the_end_nothing_counts() -> None:
    line = await talk()
    line.session.over = True
    for frame in (HEARTBEAT.format("1"), "rubbish", '[2,"2","MadeUp",{}]'):
        assert await line.say(frame) is None
    assert line.events() == []


class Replacing(InMemoryEventStore):
    """While it stores, another connection takes the place of this one."""

    session: Session | None = None

    async def append(self, events: Any) -> list[int]:
        """And then it is over."""
        if self.session is not None:
            self.session.over = True
        return await super().append(events)


@pytest.mark.parametrize(
    ("version", "frame"),
    [
        (Version.V16, HEARTBEAT.format("1")),
        (Version.V16, '[2,"1","MadeUp",{}]'),
        (Version.V201, "rubbish"),
    ],
)
async def test_nothing_is_sent_over_a_connection_replaced_meanwhile(version: Version, frame: str) -> None:
    line = await talk(version)
    store = Replacing()
    for one in line.store.log:
        await store.append([one.event])
    store.session = line.session
    line.session.desk.store = store
    session = Session(
        line.session.desk, Intake(store, Rules()), version, ACTIONS[version], "c1", line.session._send
    )
    store.session = session
    await session.receive(frame)
    assert line.sent == []
    assert len(store.log) == 3, "it was heard, all the same"


async def flood(line: Talk, frames: int) -> None:
    for _ in range(frames):
        await line.say("rubbish €")


def told_of(line: Talk) -> int:
    facts = [event.fact for event in line.events()]
    return sum(fact.frames if isinstance(fact, FramesSuppressed) else 1 for fact in facts)


async def test_a_flood_is_kept_in_part_and_counted_at_the_goodbye() -> None:
    line = await talk()
    await flood(line, KEPT_AT_ONCE + 30)
    assert len(line.events(FrameRejected)) == KEPT_AT_ONCE
    assert line.events(FramesSuppressed) == []
    await line.session.goodbye()
    (event,) = line.events(FramesSuppressed)
    assert isinstance(event.fact, FramesSuppressed)
    assert (event.fact.frames, event.fact.size_bytes) == (30, 30 * len("rubbish €".encode()))
    assert event.told.frame is None
    await line.session.goodbye()
    assert told_of(line) == KEPT_AT_ONCE + 30


async def test_what_the_store_could_not_take_is_in_the_summary() -> None:
    line = await talk()
    line.store.unavailable = True
    await flood(line, 5)
    await line.session.goodbye()
    line.store.unavailable = False
    await flood(line, KEPT_AT_ONCE)
    await line.session.goodbye()
    assert told_of(line) == KEPT_AT_ONCE + 5
