"""PostgresEventStore: the application's event store, on group commit, the recorder and batched reading."""

from collections.abc import Sequence

from eventsourcing.persistence import DataError, IntegrityError, PersistenceError

from adapters.eventstore import schema
from adapters.eventstore.datastore import EventDatastore
from adapters.eventstore.group_commit import GroupCommit
from adapters.eventstore.mapper import EventMapper
from adapters.eventstore.reading import Reader, Wanted
from adapters.eventstore.recorder import EventRecorder
from application.ports import (
    AnyEvent,
    EventNotStorable,
    EventStoreError,
    Loaded,
    Snapshot,
    StoreUnavailable,
    VersionConflict,
)
from domain.event import Event, Fact
from domain.identity import IdToken

_READERS = 3
_WRITERS = 1
"""One: commits go one by one under the lock anyway, and a second thread only splits the batches."""


def open_store(dsn: str, facts: tuple[type[Fact], ...]) -> "PostgresEventStore":
    """The event store at `dsn`, whose tables exist (`schema.create`). Connects at the first use.

    `facts` is the whole catalogue. Use it on one event loop, and `await close()` it there.
    """
    datastore = EventDatastore(dsn, schema=schema.SCHEMA, connections=_READERS + _WRITERS)
    return PostgresEventStore(datastore, EventMapper(facts))


class PostgresEventStore:
    """The port `application.ports.EventStore` on Postgres."""

    def __init__(self, datastore: EventDatastore, mapper: EventMapper) -> None:
        """Takes the datastore over: `close` closes it."""
        self._datastore, self._mapper = datastore, mapper
        self.recorder = EventRecorder(datastore)
        self.commits = GroupCommit(self.recorder.insert_units, writers=_WRITERS)
        self.reader = Reader(datastore, mapper, threads=_READERS)

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        """See the port."""
        to_stored = self._mapper.to_stored_event
        unit = [to_stored(event) for event in events]
        if not unit:
            return []
        try:
            return await self.commits.append(unit)
        except PersistenceError as error:
            raise _in_our_words(error) from error

    async def read(self, stream: str, after: int = 0) -> list[AnyEvent]:
        """See the port."""
        return (await self.reader.load(Wanted(stream, after))).events

    async def load(self, stream: str, kind: str) -> Loaded:
        """See the port."""
        return await self.reader.load(Wanted(stream, kind=kind))

    async def snapshot(self, stream: str) -> Snapshot | None:
        """See the port."""
        return await self.reader.snapshot(stream)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """See the port."""
        await self.reader.save(snapshot)

    async def pseudonym(self, tenant: str, token: IdToken) -> str:
        """See the port. This store seals nothing, and calls a token by its key."""
        return token.key

    async def close(self) -> None:
        """See the port."""
        await self.commits.close()
        await self.reader.close()
        self._datastore.close()


def _in_our_words(error: PersistenceError) -> EventStoreError:
    if isinstance(error, IntegrityError):
        return VersionConflict(str(error))
    if isinstance(error, DataError) or getattr(error.__cause__, "sqlstate", None) == "54000":
        return EventNotStorable(str(error))
    return StoreUnavailable(str(error))
