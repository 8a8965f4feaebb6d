"""The follower: reads the log behind everybody and says what one event means for other books.

It sees, for instance, that a transaction is the one a RemoteStart asked for. One runs at a time (advisory lock);
what it says is said once, because the aggregates it speaks to know what they heard before. Its position
is that of the oldest event it may still need, so a successor reads a little twice and misses nothing.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, LiteralString, NamedTuple

import psycopg

from adapters.eventstore import schema
from application import clock
from application.command_book import CommandBook, CommandUnknown
from application.ports import EventStore, EventStoreError
from domain.commands.effects import EffectWatch
from domain.commands.events import EffectFailed, EffectMissing, EffectObserved, Progressed
from domain.event import Fact, Recorded, Told
from entrypoints.database import Addresses
from entrypoints.privacy import behind_seal, watched_subjects
from entrypoints.settings import Settings
from projections.read_model import LogItem, LogReader, Unreadable

log = logging.getLogger("zeus.follower")

LOCK = "zeus.follower"
BATCH = 500
WAIT_S = 1.0
PACE_S = 0.1
"""Under load something is committed every few milliseconds: effects can wait for a tenth of a second."""
PAUSE_S = 2.0
ACTOR = "job:follower"

Books = dict[str, set[str]]
"""Kind of book → `tenant/charger` of those who have one."""


class Reaction(NamedTuple):
    """What an event means elsewhere."""

    do: Callable[[EventStore, Recorded[Fact]], Awaitable[None]]
    """Harmless when repeated."""
    book: str = ""
    """The kind of stream it is about; a charger that has none is passed by. Empty: it is about all."""


class Follower:
    """One process's turn at following. It reads what somebody waits for, which mostly is very little."""

    def __init__(
        self,
        store: EventStore,
        reader: LogReader,
        reactions: Mapping[type[Fact], Sequence[Reaction]],
        openings: Mapping[str, frozenset[str]],
        books: Books,
        position: int,
    ) -> None:
        """`openings`: kind of book → the facts that open one; `books`: those that are open at `position`."""
        self._store = store
        self._book = CommandBook(store, {})
        self._reader = reader
        self._reactions = reactions
        self._openings = {topic: kind for kind, topics in openings.items() for topic in topics}
        self._books = books
        self._watch = EffectWatch()
        self._after = position

    @property
    def position(self) -> int:
        """Where a successor has to begin."""
        return min(self._after, self._watch.low_water(self._after))

    @property
    def topics(self) -> frozenset[str]:
        """What is to be read at present."""
        reacted_to = {
            fact.TOPIC
            for fact, reactions in self._reactions.items()
            if any(not one.book or self._books.get(one.book) for one in reactions)
        }
        return self._watch.topics | self._openings.keys() | reacted_to

    async def step(self) -> bool:
        """Take what is new, and what is overdue once nothing is; False where nothing was new."""
        topics = self.topics
        head, items = await asyncio.to_thread(self._news, topics)
        for item in items:
            if isinstance(item, Unreadable):
                log.error("event %d cannot be followed: %s", item.position, item.error)
            else:
                await self._take(item)
            self._after = item.position
            if not self.topics <= topics:  # what follows was not read for what is wanted now
                return True
        if len(items) == BATCH:
            return True
        self._after = head
        for stream, fact in self._watch.overdue(clock.now()):
            await self._say(stream, fact, "")
        return bool(items)

    def _news(self, topics: frozenset[str]) -> tuple[int, Sequence[LogItem]]:
        head = self._reader.head()
        if head == self._after:
            return head, ()
        return head, self._reader.read(self._after, head, BATCH, topics)

    async def _take(self, item: Recorded[Fact]) -> None:
        event = item.event
        cause = f"{event.originator_id}@{event.originator_version}"
        for stream, fact in self._watch.hear(item):
            await self._say(stream, fact, cause)
        whose = "/".join(event.originator_id.split("/", 3)[1:3])
        if kind := self._openings.get(event.fact.TOPIC):
            self._books.setdefault(kind, set()).add(whose)
        for react in self._reactions.get(type(event.fact), ()):
            if not react.book or whose in self._books.get(react.book, ()):
                await react.do(self._store, item)

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
    at: Addresses,
    settings: Settings,
    reader: LogReader,
    reactions: Mapping[type[Fact], Sequence[Reaction]],
    openings: Mapping[str, frozenset[str]],
    stop: threading.Event,
) -> None:
    """Follow until told to stop; waits while another process follows, and for a database that is away.

    The log is read as the engine; what is said of it is written for the tenant it is about.
    """
    with asyncio.Runner() as runner:
        while not stop.is_set():
            try:
                with psycopg.connect(
                    at.engine, autocommit=True, application_name="zeus follower"
                ) as connection:
                    connection.execute("SET ROLE zeus_engine")
                    runner.run(
                        _follow(connection, (at.gateway, settings), reader, (reactions, openings), stop)
                    )
            except (psycopg.Error, EventStoreError) as error:
                log.warning("following stopped, beginning again: %r", error)
            reader.close()
            stop.wait(PAUSE_S)


async def _follow(
    connection: "psycopg.Connection[Any]",
    where: tuple[str, Settings],
    reader: LogReader,
    rules: tuple[Mapping[type[Fact], Sequence[Reaction]], Mapping[str, frozenset[str]]],
    stop: threading.Event,
) -> None:
    lock = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))::int", [LOCK]).fetchone()
    if lock is None or not lock[0]:
        return
    row = connection.execute("SELECT position FROM fleet.followers WHERE name = %s", [LOCK]).fetchone()
    kept = row[0] if row else 0
    url, settings = where
    store = behind_seal(url, await asyncio.to_thread(watched_subjects, url, settings))
    try:
        reactions, openings = rules
        books = {kind: books_of(connection, kind) for kind in openings}
        follower = Follower(store, reader, reactions, openings, books, kept)
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


def books_of(connection: "psycopg.Connection[Any]", kind: str) -> set[str]:
    """`tenant/charger` of all who have a book of this kind; found by the key, one step a book."""
    rows = connection.execute(_BOOKS, {"first": f"{kind}/", "beyond": f"{kind}0"})  # `0` follows `/`
    return {stream.split("/", 1)[1] for (stream,) in rows}


_BOOKS: LiteralString = f"""
    WITH RECURSIVE book AS (
        (SELECT originator_id FROM {schema.SCHEMA}.{schema.EVENTS}
          WHERE originator_id >= %(first)s AND originator_id < %(beyond)s
          ORDER BY originator_id LIMIT 1)
        UNION ALL
        (SELECT (SELECT e.originator_id FROM {schema.SCHEMA}.{schema.EVENTS} e
                  WHERE e.originator_id > book.originator_id AND e.originator_id < %(beyond)s
                  ORDER BY e.originator_id LIMIT 1)
           FROM book WHERE book.originator_id IS NOT NULL)
    )
    SELECT originator_id FROM book WHERE originator_id IS NOT NULL
"""  # noqa: S608 - our own names

_KEEP = """
    INSERT INTO fleet.followers (name, position) VALUES (%s, %s)
    ON CONFLICT (name) DO UPDATE SET position = excluded.position
"""
