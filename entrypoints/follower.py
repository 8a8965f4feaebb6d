"""The follower: reads the log behind everybody and says what one event means for other books.

It sees, for instance, that a transaction is the one a RemoteStart asked for. One runs at a time (advisory lock);
what it says is said once, because the aggregates it speaks to know what they heard before. Its position
is that of the oldest event it may still need, so a successor reads a little twice and misses nothing.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence

import psycopg

from adapters.eventstore.store import open_store
from application import clock
from application.commands import CommandBook, CommandUnknown
from application.ports import EventStore, EventStoreError
from domain.catalogue import FACTS
from domain.commands.effects import EffectWatch
from domain.commands.events import EffectFailed, EffectMissing, EffectObserved, Progressed
from domain.event import Fact, Recorded, Told
from projections.read_model import LogItem, LogReader, Unreadable

log = logging.getLogger("zeus.follower")

LOCK = "zeus.follower"
BATCH = 500
WAIT_S = 1.0
PACE_S = 0.1
"""Under load something is committed every few milliseconds: effects can wait for a tenth of a second."""
PAUSE_S = 2.0
ACTOR = "job:follower"

Reaction = Callable[[EventStore, Recorded[Fact]], Awaitable[None]]
"""Does what an event means elsewhere; harmless when repeated."""


class Follower:
    """One process's turn at following."""

    def __init__(
        self,
        store: EventStore,
        reader: LogReader,
        reactions: Mapping[type[Fact], Sequence[Reaction]],
        position: int,
    ) -> None:
        self._store = store
        self._book = CommandBook(store, {})
        self._reader = reader
        self._reactions = reactions
        self._watch = EffectWatch()
        self._after = position
        self._topics = self._watch.topics | {fact.TOPIC for fact in reactions}

    @property
    def position(self) -> int:
        """Where a successor has to begin."""
        return min(self._after, self._watch.low_water(self._after))

    async def step(self) -> bool:
        """Take what is new, and what is overdue once nothing is; False where nothing was new."""
        head, items = await asyncio.to_thread(self._news)
        for item in items:
            if isinstance(item, Unreadable):
                log.error("event %d cannot be followed: %s", item.position, item.error)
            else:
                await self._take(item)
            self._after = item.position
        if len(items) == BATCH:
            return True
        self._after = head
        for stream, fact in self._watch.overdue(clock.now()):
            await self._say(stream, fact, "")
        return bool(items)

    def _news(self) -> tuple[int, Sequence[LogItem]]:
        head = self._reader.head()
        if head == self._after:
            return head, ()
        return head, self._reader.read(self._after, head, BATCH, self._topics)

    async def _take(self, item: Recorded[Fact]) -> None:
        event = item.event
        cause = f"{event.originator_id}@{event.originator_version}"
        for stream, fact in self._watch.hear(item):
            await self._say(stream, fact, cause)
        for react in self._reactions.get(type(event.fact), ()):
            await react(self._store, item)

    async def _say(self, stream: str, fact: Fact, cause: str) -> None:
        if not isinstance(fact, EffectObserved | EffectFailed | EffectMissing | Progressed):
            raise TypeError(f"{fact.TOPIC} is no fact about an effect")
        _, tenant, command_id = stream.split("/")
        told = Told(recorded_at=clock.now(), actor=ACTOR, cause=cause)
        try:
            command = await self._book.load(tenant, command_id)
        except CommandUnknown:
            log.error("%s was to be told of %s, but is not in the log", stream, fact.TOPIC)
            return
        await self._book.record(command, lambda one: one.follow(fact), told)


def follow(
    url: str,
    reader: LogReader,
    reactions: Mapping[type[Fact], Sequence[Reaction]],
    stop: threading.Event,
) -> None:
    """Follow until told to stop; waits while another process follows, and for a database that is away."""
    with asyncio.Runner() as runner:
        while not stop.is_set():
            try:
                with psycopg.connect(url, autocommit=True, application_name="zeus follower") as connection:
                    runner.run(_follow(connection, url, reader, reactions, stop))
            except (psycopg.Error, EventStoreError) as error:
                log.warning("following stopped, beginning again: %r", error)
            reader.close()
            stop.wait(PAUSE_S)


async def _follow(
    connection: "psycopg.Connection[tuple[int]]",
    url: str,
    reader: LogReader,
    reactions: Mapping[type[Fact], Sequence[Reaction]],
    stop: threading.Event,
) -> None:
    lock = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))::int", [LOCK]).fetchone()
    if lock is None or not lock[0]:
        return
    row = connection.execute("SELECT position FROM fleet.followers WHERE name = %s", [LOCK]).fetchone()
    kept = row[0] if row else 0
    store = open_store(url, FACTS)
    try:
        follower = Follower(store, reader, reactions, kept)
        while not stop.is_set():
            more = await follower.step()
            if follower.position != kept:
                kept = follower.position
                connection.execute(_KEEP, [LOCK, kept])
            if not more:
                await asyncio.to_thread(reader.wait, WAIT_S)
                await asyncio.sleep(PACE_S)
    finally:
        await store.close()


_KEEP = """
    INSERT INTO fleet.followers (name, position) VALUES (%s, %s)
    ON CONFLICT (name) DO UPDATE SET position = excluded.position
"""
