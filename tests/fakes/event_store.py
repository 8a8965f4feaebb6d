"""An event store in memory, which passes the contract of the real one."""

from collections.abc import Sequence

from application.ports import AnyEvent, Loaded, Snapshot, StoreUnavailable, VersionConflict
from domain.event import Event, Fact, Recorded
from domain.identity import IdToken


class InMemoryEventStore:
    """Everything ever appended is in `log`; `unavailable = True` makes every call raise."""

    def __init__(self) -> None:
        """Empty."""
        self.log: list[Recorded[Fact]] = []
        self.unavailable = False
        self._keys: set[tuple[str, int]] = set()
        self._streams: dict[str, list[AnyEvent]] = {}
        self._snapshots: dict[str, Snapshot] = {}

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        """All or nothing."""
        self._check()
        keys = [(event.originator_id, event.originator_version) for event in events]
        if len(set(keys)) < len(keys) or not self._keys.isdisjoint(keys):
            raise VersionConflict(f"version conflict: {keys[0][0]} version {keys[0][1]}")
        self._keys.update(keys)
        start = len(self.log) + 1
        self.log.extend(Recorded(start + n, event) for n, event in enumerate(events))
        for event in events:
            self._streams.setdefault(event.originator_id, []).append(event)
        return list(range(start, start + len(keys)))

    async def read(self, stream: str, after: int = 0) -> list[AnyEvent]:
        """In order of version."""
        self._check()
        found = [event for event in self._streams.get(stream, ()) if event.originator_version > after]
        return sorted(found, key=lambda event: event.originator_version)

    async def load(self, stream: str, kind: str) -> Loaded:
        """The snapshot of this kind and what follows."""
        snapshot = await self.snapshot(stream)
        if snapshot is None or snapshot.kind != kind:
            return Loaded(None, await self.read(stream))
        return Loaded(snapshot, await self.read(stream, snapshot.version))

    async def snapshot(self, stream: str) -> Snapshot | None:
        """Of whatever kind."""
        self._check()
        return self._snapshots.get(stream)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """The later version of a kind stays."""
        self._check()
        old = self._snapshots.get(snapshot.stream)
        if old is None or old.kind != snapshot.kind or old.version <= snapshot.version:
            self._snapshots[snapshot.stream] = snapshot

    async def pseudonym(self, tenant: str, token: IdToken) -> str:
        """See the port. This store seals nothing, and calls a token by its key."""
        return token.key

    async def close(self) -> None:
        """Later calls raise StoreUnavailable."""
        self.unavailable = True

    def _check(self) -> None:
        if self.unavailable:
            raise StoreUnavailable("the event store is closed")
