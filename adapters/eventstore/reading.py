"""Batched reading: those who wait together share a query, as after a power cut, when all return."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any, NamedTuple, TypeVar

from eventsourcing.persistence import InterfaceError, OperationalError, PersistenceError, StoredEvent
from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.sql import SQL

from adapters.eventstore import schema
from adapters.eventstore.datastore import EventDatastore
from adapters.eventstore.mapper import EventMapper
from application.ports import AnyEvent, Loaded, Snapshot, StoreUnavailable, UnreadableEvent

W = TypeVar("W")
R = TypeVar("R")
_PATIENCE_S = 8.0
_LONGEST_S = 10.0
"""Nobody waits longer, not even for a server that keeps its connections and says nothing (a hung disk)."""
_BATCH = 256
"""Streams a query. Bounds what one answer holds in memory; a snapshot bounds the tail of each."""

_SNAPSHOTS = SQL("SELECT originator_id, originator_version, kind, state FROM {}(%b::text[])").format(
    schema.read_function(schema.SCHEMA, schema.SNAPSHOTS)
)
_TAILS = SQL("SELECT place, originator_version, topic, state FROM {}(%b::text[], %b::bigint[])").format(
    schema.read_function(schema.SCHEMA, schema.EVENTS)
)
_SAVE = SQL("SELECT {}(%b, %b, %b, %b)").format(schema.keep_function(schema.SCHEMA, schema.SNAPSHOTS))


class Wanted(NamedTuple):
    """What somebody waits for."""

    stream: str
    after: int = 0
    kind: str | None = None
    """Start from a snapshot of this kind; None reads events alone."""


class _Waiting(NamedTuple):
    wanted: Wanted
    future: asyncio.Future[Loaded]


Answer = Loaded | UnreadableEvent | StoreUnavailable


class Reader:
    """Reads streams in a few threads; bound to the loop it is used on."""

    def __init__(self, datastore: EventDatastore, mapper: EventMapper, *, threads: int) -> None:
        """Connects to nothing."""
        self._datastore, self._mapper, self._threads = datastore, mapper, threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="event-reader")
        self._queue: deque[_Waiting] = deque()
        self._busy = 0
        self._waking = self._closed = False
        self.queries = 0
        """How many batches were read, for the curious."""

    async def load(self, wanted: Wanted) -> Loaded:
        """Raises UnreadableEvent, StoreUnavailable."""
        loop = self._open_loop()
        future: asyncio.Future[Loaded] = loop.create_future()
        self._queue.append(_Waiting(wanted, future))
        if not self._waking and self._busy < self._threads:
            self._waking = True
            loop.call_soon(self._dispatch, loop)
        try:
            async with asyncio.timeout(_LONGEST_S):
                return await future
        except TimeoutError:
            raise StoreUnavailable(f"no answer from the store for {_LONGEST_S} s") from None

    async def snapshot(self, stream: str) -> Snapshot | None:
        """Of whatever kind; raises StoreUnavailable."""
        loop = self._open_loop()
        found = await loop.run_in_executor(self._pool, self._patiently, _read_snapshots, [stream])
        return found.get(stream)

    async def save(self, snapshot: Snapshot) -> None:
        """Raises StoreUnavailable. Harmless when repeated, so a lost connection is no doubt."""
        await self._open_loop().run_in_executor(self._pool, self._patiently, _save_snapshot, snapshot)

    async def close(self) -> None:
        """Serve who waits, then end the threads."""
        self._closed = True
        if waiting := [one.future for one in self._queue]:
            await asyncio.wait(waiting)
        await asyncio.to_thread(self._pool.shutdown)

    def _open_loop(self) -> asyncio.AbstractEventLoop:
        if self._closed:
            raise StoreUnavailable("the event store is closed")
        return asyncio.get_running_loop()

    def _dispatch(self, loop: asyncio.AbstractEventLoop) -> None:
        self._waking = False
        while self._busy < self._threads and (batch := self._next_batch()):
            self._busy += 1
            self.queries += 1
            self._pool.submit(self._serve, batch, loop)

    def _next_batch(self) -> list[_Waiting]:
        """Those who wait longest, without those who gave up."""
        batch: list[_Waiting] = []
        while self._queue and len(batch) < _BATCH:
            one = self._queue.popleft()
            if not one.future.done():
                batch.append(one)
        return batch

    def _resolve(self, batch: list[_Waiting], answers: list[Answer], loop: asyncio.AbstractEventLoop) -> None:
        self._busy -= 1
        for one, answer in zip(batch, answers, strict=True):
            if one.future.done():  # the caller was cancelled
                continue
            if isinstance(answer, Loaded):
                one.future.set_result(answer)
            else:
                one.future.set_exception(answer)
        self._dispatch(loop)

    # -- in the reading threads -----------------------------------------------------------------------

    def _serve(self, batch: list[_Waiting], loop: asyncio.AbstractEventLoop) -> None:
        try:
            answers = self._patiently(self._read, [one.wanted for one in batch])
        except StoreUnavailable as error:
            answers = [StoreUnavailable(str(error)) for _ in batch]
        except Exception as error:  # noqa: BLE001 - a thread's border: those who wait must hear of it
            answers = [StoreUnavailable(f"reading failed: {error!r}") for _ in batch]
        loop.call_soon_threadsafe(self._resolve, batch, answers, loop)

    def _patiently(self, do: Callable[[Connection[Any], W], R], what: W) -> R:
        """Again, with other connections, while the store is away for a moment."""
        deadline = monotonic() + _PATIENCE_S
        while True:
            try:
                with self._datastore.get_connection() as connection:
                    return do(connection, what)
            except (OperationalError, InterfaceError) as error:
                if monotonic() > deadline or self._closed:
                    raise StoreUnavailable(str(error)) from error
                sleep(0.05)
            except PersistenceError as error:
                raise StoreUnavailable(str(error)) from error

    def _read(self, connection: Connection[Any], batch: Sequence[Wanted]) -> list[Answer]:
        streams = [wanted.stream for wanted in batch if wanted.kind is not None]
        snapshots = _read_snapshots(connection, streams) if streams else {}
        starts = [_start(wanted, snapshots.get(wanted.stream)) for wanted in batch]
        tails: list[list[StoredEvent]] = [[] for _ in batch]
        afters = [
            wanted.after if snapshot is None else snapshot.version
            for wanted, snapshot in zip(batch, starts, strict=True)
        ]
        with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
            cursor.execute(_TAILS, ([wanted.stream for wanted in batch], afters), prepare=True)
            for place, version, topic, state in cursor:
                tails[place - 1].append(StoredEvent(batch[place - 1].stream, version, topic, state))
        return [self._loaded(snapshot, tail) for snapshot, tail in zip(starts, tails, strict=True)]

    def _loaded(self, snapshot: Snapshot | None, tail: list[StoredEvent]) -> Answer:
        """One stream that cannot be read is the trouble of those who want it, not of the batch."""
        try:
            events: list[AnyEvent] = [self._mapper.to_domain_event(stored) for stored in tail]
        except UnreadableEvent as error:
            return error
        return Loaded(snapshot, events)


def _start(wanted: Wanted, snapshot: Snapshot | None) -> Snapshot | None:
    return snapshot if snapshot is not None and snapshot.kind == wanted.kind else None


def _read_snapshots(connection: Connection[Any], streams: Sequence[str]) -> dict[str, Snapshot]:
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        rows = cursor.execute(_SNAPSHOTS, (list(streams),), prepare=True)
        return {stream: Snapshot(stream, version, kind, state) for stream, version, kind, state in rows}


def _save_snapshot(connection: Connection[Any], snapshot: Snapshot) -> None:
    connection.execute(_SAVE, snapshot)
