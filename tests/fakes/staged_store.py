"""The in-memory store with a stage direction: another writer comes first, or an answer is lost on its way."""

from collections.abc import Awaitable, Callable, Sequence

from application.ports import StoreUnavailable
from domain.event import Event, Fact, Told, events_of
from tests.fakes.event_store import InMemoryEventStore

Direction = Callable[[], Awaitable[None]]


class StagedEventStore(InMemoryEventStore):
    """`before` holds what happens just before each coming append, `answers_lost` how many confirmations fail."""

    def __init__(self) -> None:
        """Nothing planned."""
        super().__init__()
        self.before: list[Direction] = []
        self.answers_lost = 0

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        """As planned, then as ever."""
        if self.before:
            await self.before.pop(0)()
        positions = await super().append(events)
        if self.answers_lost:
            self.answers_lost -= 1
            raise StoreUnavailable("stored, but the store fell silent before it said so")
        return positions

    async def intrude(self, stream: str, fact: Fact, told: Told) -> None:
        """Write to the stream as another process would."""
        version = len(self._streams.get(stream, ()))
        await super().append(events_of(stream, version, [fact], told))
