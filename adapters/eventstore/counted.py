"""The event store with a counter before it: how much is appended, how long it takes, how often it fails."""

from collections.abc import Sequence

from application import clock
from application.ports import (
    AnyEvent,
    EventNotStorable,
    EventStore,
    Loaded,
    Snapshot,
    StoreUnavailable,
    VersionConflict,
)
from application.tally import Histogram
from domain.event import Event, Fact
from domain.identity import IdToken


class StoreCounters:
    """Counts of one store; read at a scrape."""

    __slots__ = ("conflicts", "events", "refused", "seconds", "unavailable")

    def __init__(self) -> None:
        self.events = 0
        """Events appended and durable."""
        self.conflicts = 0
        """Units that another writer was ahead of."""
        self.unavailable = 0
        """Units that nobody confirmed."""
        self.refused = 0
        """Units that cannot be stored for what they are."""
        self.seconds = Histogram()
        """How long an append took until it was durable."""


class CountedEventStore:
    """The port `application.ports.EventStore`, counting what passes to the store behind it."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.counters = StoreCounters()

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        """See the port."""
        counters, since = self.counters, clock.monotonic()
        try:
            positions = await self._store.append(events)
        except VersionConflict:
            counters.conflicts += 1
            raise
        except StoreUnavailable:
            counters.unavailable += 1
            raise
        except EventNotStorable:
            counters.refused += 1
            raise
        counters.events += len(events)
        counters.seconds.observe(clock.monotonic() - since)
        return positions

    async def read(self, stream: str, after: int = 0) -> list[AnyEvent]:
        """See the port."""
        return await self._store.read(stream, after)

    async def load(self, stream: str, kind: str) -> Loaded:
        """See the port."""
        return await self._store.load(stream, kind)

    async def snapshot(self, stream: str) -> Snapshot | None:
        """See the port."""
        return await self._store.snapshot(stream)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """See the port."""
        await self._store.save_snapshot(snapshot)

    async def pseudonym(self, tenant: str, token: IdToken) -> str:
        """See the port."""
        return await self._store.pseudonym(tenant, token)

    async def close(self) -> None:
        """See the port."""
        await self._store.close()
