"""What the application asks of the world: the store of events. Adapters answer, fakes answer in tests."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from domain.event import Event, Fact
from domain.identity import IdToken

AnyEvent = Event[Any]
"""An event of any fact."""


class EventStoreError(Exception):
    """Something about the event store; the subclasses say what."""


class VersionConflict(EventStoreError):
    """Another writer was first on one of the streams: nothing was stored; load again and decide again."""


class StoreUnavailable(EventStoreError):
    """The store did not confirm in time: tell nobody it is stored, and load before deciding again.

    Mostly nothing was stored, but where the store fell silent in mid-commit the events may be in the log.
    """


class EventNotStorable(EventStoreError):
    """The store refuses this event for what it is (a NUL in a stream id, too large): repeating is vain."""


class UnreadableEvent(EventStoreError):
    """The log holds an event this version does not understand; the message names topic, stream, version."""


class Snapshot(NamedTuple):
    """The state of a stream after one of its events, so that loading need not start at the beginning."""

    stream: str
    version: int
    """The version of the last event in it."""
    kind: str
    """The name of the state's schema: another name means that the state is not to be used."""
    state: bytes
    """Only its writer knows what is inside."""


class Loaded(NamedTuple):
    """What a stream is rebuilt from: a snapshot, if there is one, and the events after it."""

    snapshot: Snapshot | None
    events: list[AnyEvent]


class EventStore(Protocol):
    """The log of all events, by stream. What `append` has returned is durable.

    Versions of a stream count from 1 without gaps; the caller numbers them and does not append version
    n+1 before n is stored. Every method may raise StoreUnavailable; reading may raise UnreadableEvent.
    """

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        """Store one unit, all of it or nothing, possibly on several streams; returns the log positions.

        Positions grow in the order given, and nothing with a smaller position becomes visible later.
        Raises VersionConflict, StoreUnavailable, EventNotStorable.
        """
        ...

    async def read(self, stream: str, after: int = 0) -> list[AnyEvent]:
        """The events of a stream with a version above `after`, in order; empty for an unknown stream."""
        ...

    async def load(self, stream: str, kind: str) -> Loaded:
        """The stream's snapshot, if it is of this kind, and the events after it (else all events)."""
        ...

    async def snapshot(self, stream: str) -> Snapshot | None:
        """The stream's snapshot of whatever kind."""
        ...

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep this snapshot in place of the stream's older one; of the same kind the later version stays."""
        ...

    async def pseudonym(self, tenant: str, token: IdToken) -> str:
        """What the log calls a token in every spelling, for what is derived from it and must not tell who it is.

        The same for good, until its owner is erased.
        """
        ...

    async def close(self) -> None:
        """Store what is waiting, then let go of every connection. Later calls raise StoreUnavailable."""
        ...
