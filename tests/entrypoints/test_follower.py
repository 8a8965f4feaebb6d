"""The follower: it reads what somebody waits for, misses nothing of it, and says nothing twice."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from application.ports import EventStore
from domain.chargers.events import HeartbeatReceived, StatusReported
from domain.commands.events import Answered, EffectMissing, EffectObserved, Requested, Sent
from domain.commands.intent import Answer, Verdict
from domain.commands.upkeep import ChangeAvailability
from domain.event import Event, Fact, Recorded, Told
from domain.identity import IdToken
from domain.reservations import events as reservation
from entrypoints.follower import Follower, Reaction, books_of
from entrypoints.reactions import OPENINGS
from projections.read_model import LogItem
from tests.fakes.event_store import InMemoryEventStore
from tests.projections.stories import Log

NOW = datetime.now(UTC)
CP1, CP2, COMMAND = "charger/t/CP1", "charger/t/CP2", "command/t/c1"
OUT = StatusReported(evse_id=1, connector_id=1, status="Unavailable")
HELD = reservation.Requested(
    reservation_id=1, evse_id=1, id_token=IdToken("ann"), expires_at=NOW + timedelta(hours=1), command="c"
)


class Reader:
    """The log of a store in memory, and which topics it was asked for."""

    def __init__(self, store: InMemoryEventStore) -> None:
        self.store = store
        self.topics: list[frozenset[str]] = []

    def read(
        self, after: int, upto: int, limit: int, topics: frozenset[str] | None = None
    ) -> Sequence[LogItem]:
        assert topics is not None
        self.topics.append(topics)
        found = [one for one in self.store.log if after < one.position <= upto]
        return [one for one in found if one.event.fact.TOPIC in topics][:limit]

    def head(self) -> int:
        return len(self.store.log)

    def wait(self, timeout_s: float) -> None:
        raise AssertionError("nobody waits here")

    def close(self) -> None:
        raise AssertionError("nobody closes here")


class World:
    """A log, and a follower of it."""

    def __init__(self, position: int = 0, store: InMemoryEventStore | None = None) -> None:
        self.store = store or InMemoryEventStore()
        self.reader = Reader(self.store)
        self.reacted: list[int] = []
        reactions = {StatusReported: (Reaction(self.react, "reservations"),)}
        self.follower = Follower(self.store, self.reader, reactions, OPENINGS, {}, position)
        self.versions: dict[str, int] = {}

    async def react(self, store: EventStore, recorded: Recorded[Any]) -> None:
        self.reacted.append(recorded.position)

    async def tell(self, *told: tuple[str, Fact], at: datetime = NOW) -> None:
        for stream, fact in told:
            version = self.versions[stream] = self.versions.get(stream, 0) + 1
            event = Event(
                originator_id=stream, originator_version=version, fact=fact, told=Told(recorded_at=at)
            )
            await self.store.append([event])

    async def follow(self) -> None:
        while await self.follower.step():
            pass

    def said(self) -> list[str]:
        kinds = (EffectObserved, EffectMissing)
        return [one.event.fact.TOPIC for one in self.store.log if isinstance(one.event.fact, kinds)]


def life() -> list[tuple[str, Fact]]:
    """A charger is wanted out of service, and agrees."""
    soon = NOW + timedelta(seconds=30)
    sent = Sent(charger="CP1", action="x", message_id="c1", connection="c", gateway="g", answer_before=soon)
    return [
        (
            COMMAND,
            Requested(
                charger="CP1",
                intent=ChangeAvailability(operative=False, evse_id=1),
                send_before=soon,
                answer_within_s=30,
            ),
        ),
        (COMMAND, sent),
        (COMMAND, Answered(charger="CP1", answer=Answer(verdict=Verdict.AGREED), latency_ms=1)),
    ]


async def test_what_follows_in_the_same_breath_is_not_missed_although_nobody_waited_before() -> None:
    world = World()
    await world.tell((CP1, HeartbeatReceived()), *life(), (CP1, OUT))
    await world.follow()
    assert world.said() == ["command.effect_observed"]
    assert HeartbeatReceived.TOPIC not in world.reader.topics[0]
    assert any(StatusReported.TOPIC in topics for topics in world.reader.topics)
    await world.tell((CP1, HeartbeatReceived()))
    await world.follow()
    assert HeartbeatReceived.TOPIC not in world.reader.topics[-1], "nobody waits any more"
    assert world.follower.position == world.reader.head()


async def test_a_successor_begins_where_somebody_still_waits_and_says_nothing_twice() -> None:
    first = World()
    await first.tell((CP1, HeartbeatReceived()), *life())
    await first.follow()
    assert first.follower.position == 1, "before the command that is waited for"
    second = World(first.follower.position, first.store)
    second.versions = first.versions
    await second.tell((CP1, OUT))
    await second.follow()
    third = World(first.follower.position, first.store)
    await third.follow()
    assert third.said() == ["command.effect_observed"]


async def test_an_effect_that_never_came_is_told_when_its_time_is_over() -> None:
    world = World()
    await world.tell(*life(), at=NOW - timedelta(days=1))
    await world.follow()
    assert world.said() == ["command.effect_missing"]


async def test_only_who_has_a_book_is_looked_into() -> None:
    world = World()
    await world.tell((CP1, OUT), (CP2, OUT), ("reservations/t/CP1", HELD), (CP1, OUT), (CP2, OUT))
    await world.follow()
    assert world.reacted == [4]


def test_those_who_have_a_book_are_found_in_the_log(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)
    told = Told(recorded_at=NOW)
    for stream in ("reservations/t/CP1", "reservations/t/CP1", "reservations/u/A/B", "reservation/t/X", CP1):
        log.tell((stream, HELD, told))
    with psycopg.connect(postgres_dsn) as connection:
        assert books_of(connection, "reservations") == {"t/CP1", "u/A/B"}
        assert books_of(connection, "charging-profiles") == set()
