"""The log as a listener that is behind reads it: for itself, in bounded pieces, and only a few listeners at a time."""

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg

from adapters.live.log import LiveLog
from adapters.live.places import END, Place
from adapters.live.prepared import Envelope, Prepared
from adapters.live.stream import Stretch
from adapters.live.telling import SILENT_TOPICS, Teller

T = TypeVar("T")

READERS = 2
"""Who wants to catch up meanwhile waits for his turn; a turn is one piece."""
EVENTS = 200
SIZE_BYTES = 262_144
"""What a piece may hold; a single message may be larger."""


class Archive:
    """A few threads, each with a connection of its own while it is needed."""

    def __init__(
        self, open_log: Callable[[], LiveLog], new_teller: Callable[[], Teller], *, readers: int = READERS
    ) -> None:
        self._pool = ThreadPoolExecutor(readers, thread_name_prefix="live-archive")
        self._free: queue.SimpleQueue[tuple[LiveLog, Teller]] = queue.SimpleQueue()
        for _ in range(readers):
            self._free.put((open_log(), new_teller()))
        self._readers = readers
        self._envelope = new_teller().preparer.envelope
        self.pieces = 0
        """How many pieces were read, for the curious."""

    @property
    def envelope(self) -> Envelope:
        """Makes messages of a tenant, for use on the loop."""
        return self._envelope

    async def stretch(self, tenant: str, after: Place, upto: int, *, frames: bool) -> Stretch:
        """What follows `after` in the log, not further than `upto`. Raises psycopg.Error."""
        self.pieces += 1
        return await self._run(lambda log, teller: _stretch(log, teller, tenant, after, upto, frames=frames))

    async def ends(self) -> tuple[int, int]:
        """The positions of the first event that is kept, and of the last. Raises psycopg.Error."""
        return await self._run(lambda log, _: (log.oldest(), log.head()))

    def close(self) -> None:
        """Let go of threads and connections; what is being read ends by itself."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for _ in range(self._readers):
            self._free.get()[0].close()

    async def _run(self, do: Callable[[LiveLog, Teller], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._with_reader, do)

    def _with_reader(self, do: Callable[[LiveLog, Teller], T]) -> T:
        log, teller = self._free.get()
        try:
            return do(log, teller)
        except (psycopg.Error, OSError):
            log.close()
            raise
        finally:
            self._free.put((log, teller))


def _stretch(log: LiveLog, teller: Teller, tenant: str, after: Place, upto: int, *, frames: bool) -> Stretch:
    first = after.position if after.part == END else after.position - 1
    without = () if frames else SILENT_TOPICS
    rows, reached = log.read(first, upto, EVENTS, (tenant,), without)
    messages: list[Prepared] = []
    size = 0
    for row in rows:
        messages += (told := teller.tell((row,), frames=frames))
        size += sum(message.size for message in told)
        if size > SIZE_BYTES:  # what was read beyond is read again
            return Stretch(upto=Place(row.position), messages=messages)
    return Stretch(upto=Place(reached), messages=messages)
