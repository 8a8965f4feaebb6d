"""States of streams in memory, caught up with the log when they are older than a moment."""

from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from application import clock
from application.ports import EventStore
from domain.event import Event

FRESH_S = 2.0
"""What is decided elsewhere is known here after so long."""
MOST = 4096
"""States in memory at most; one that goes is read again when it is wanted."""


class State(Protocol):
    """Anything that is made of the events of one stream."""

    stream: str
    version: int

    def when(self, event: Event[Any]) -> None:
        """Take a fact in."""
        ...


S = TypeVar("S", bound=State)


class _Known(msgspec.Struct):
    """A state, and when the log was asked last."""

    state: Any
    looked_at: float


class Remembered(Generic[S]):
    """Streams that exist stay in memory; one that does not is read each time, so nobody can fill the memory."""

    def __init__(
        self,
        store: EventStore,
        begin: Callable[[str], S],
        *,
        fresh_s: float = FRESH_S,
        monotonic: Callable[[], float] = clock.monotonic,
        kept: Collection[str] = (),
    ) -> None:
        """`begin` makes the state of an empty stream; streams of `kept` are remembered while they are empty."""
        self._kept = kept
        self._store = store
        self._begin = begin
        self._fresh_s = fresh_s
        self._monotonic = monotonic
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def state(self, stream: str) -> S:
        """The state of a stream, `fresh_s` old at most where the log answers at once. Raises StoreUnavailable.

        One caller at a time reads what is new; those that come meanwhile get what is known.
        """
        known = self._known.get(stream)
        if known is None:
            return await self._first(stream)
        self._known.move_to_end(stream)
        state: S = known.state
        now, before = self._monotonic(), known.looked_at
        if now - before >= self._fresh_s:
            known.looked_at = now
            try:
                await self.catch_up(state)
            except BaseException:
                known.looked_at = before
                raise
        return state

    async def catch_up(self, state: S) -> S:
        """The same state, with what was written since."""
        for event in await self._store.read(state.stream, state.version):
            state.when(event)
        return state

    def forget(self, stream: str) -> None:
        """Read it from the beginning the next time."""
        self._known.pop(stream, None)

    async def _first(self, stream: str) -> S:
        now = self._monotonic()
        state = await self.catch_up(self._begin(stream))
        if state.version or stream in self._kept:
            self._known[stream] = _Known(state, now)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        return state
