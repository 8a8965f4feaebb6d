"""Group commit: whoever wants to store waits, and a thread commits all who wait in one transaction."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import NamedTuple

from eventsourcing.persistence import PersistenceError

from adapters.eventstore.recorder import Result, Unit
from application.ports import StoreUnavailable

InsertUnits = Callable[[Sequence[Unit]], list[Result]]

_log = logging.getLogger(__name__)
_SWEEP_S = 1.0


class _Waiting(NamedTuple):
    unit: Unit
    future: asyncio.Future[list[int]]
    since: float


class GroupCommit:
    """The asyncio front of a recorder, bound to the loop of its first use.

    Nobody waits longer than `patience_s` for an answer. At most `max_pending` units wait inside; who comes
    then waits at the door, which is the back-pressure on the sockets.
    """

    def __init__(
        self,
        insert_units: InsertUnits,
        *,
        max_events: int = 1024,
        max_bytes: int = 4 << 20,
        max_pending: int = 20_000,
        patience_s: float = 15.0,
        writers: int = 1,
    ) -> None:
        """`max_events` and `max_bytes` bound one transaction."""
        self._insert_units = insert_units
        self._max_events, self._max_bytes, self._max_pending = max_events, max_bytes, max_pending
        self._patience_s, self._writers = patience_s, writers
        self._queue: deque[_Waiting] = deque()
        self._inside: dict[asyncio.Future[list[int]], float] = {}
        self._door: deque[asyncio.Future[None]] = deque()
        self._work = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: list[threading.Thread] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._waking = self._closing = self._closed = False
        self.commits = 0
        """How many transactions were tried, for the curious."""

    async def append(self, unit: Unit) -> list[int]:
        """Positions once the unit is durable; raises StoreUnavailable or what the recorder found."""
        if self._closing:
            raise StoreUnavailable("the event store is closed")
        loop = self._loop or self._start()
        if len(self._inside) >= self._max_pending:
            await self._wait_at_the_door(loop)
        future: asyncio.Future[list[int]] = loop.create_future()
        since = monotonic()
        self._inside[future] = since
        self._queue.append(_Waiting(unit, future, since))
        if not self._waking:  # one wake-up for everybody who comes in this turn of the loop
            self._waking = True
            loop.call_soon(self._wake)
        try:
            return await future
        except asyncio.CancelledError:
            self._inside.pop(future, None)
            raise

    async def close(self) -> None:
        """Commit what waits, within `patience_s`, and end the threads."""
        if self._closed:
            return
        self._closing = True
        while self._door:
            self._admit(self._door.popleft())
        if self._inside:
            await asyncio.wait(list(self._inside))
        with self._work:
            self._closed = True
            self._work.notify_all()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for thread in self._threads:
            await asyncio.to_thread(thread.join, self._patience_s)

    # -- on the loop ----------------------------------------------------------------------------------

    def _start(self) -> asyncio.AbstractEventLoop:
        self._loop = loop = asyncio.get_running_loop()
        for n in range(self._writers):
            thread = threading.Thread(target=self._write, args=(loop,), name=f"event-writer-{n}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep, loop)
        return loop

    async def _wait_at_the_door(self, loop: asyncio.AbstractEventLoop) -> None:
        turn: asyncio.Future[None] = loop.create_future()
        self._door.append(turn)
        try:
            async with asyncio.timeout(self._patience_s):
                await turn
        except TimeoutError:
            raise StoreUnavailable(f"no room in the queue of the store for {self._patience_s} s") from None
        if self._closing:
            raise StoreUnavailable("the event store is closed")

    def _wake(self) -> None:
        self._waking = False
        with self._work:
            self._work.notify()

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Release those who wait too long. They came in order, so the first is the oldest."""
        too_old = monotonic() - self._patience_s
        for future, since in list(self._inside.items()):
            if since > too_old:
                break
            del self._inside[future]
            if not future.done():
                error = StoreUnavailable(f"no answer from the store for {self._patience_s} s")
                future.set_exception(error)
        self._open_the_door()
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep, loop)

    def _resolve(self, waiting: list[_Waiting], results: list[Result]) -> None:
        for one, result in zip(waiting, results, strict=True):
            self._inside.pop(one.future, None)
            if one.future.done():  # the caller was cancelled or ran out of patience
                continue
            if isinstance(result, PersistenceError):
                one.future.set_exception(result)
            else:
                one.future.set_result(result)
        self._open_the_door()

    def _open_the_door(self) -> None:
        room = self._max_pending - len(self._inside)
        while room > 0 and self._door:
            room -= self._admit(self._door.popleft())

    @staticmethod
    def _admit(turn: asyncio.Future[None]) -> bool:
        if turn.done():
            return False
        turn.set_result(None)
        return True

    # -- in the writer threads ------------------------------------------------------------------------

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        while waiting := self._next():
            self.commits += 1
            try:
                results = self._insert_units([one.unit for one in waiting])
            except Exception as error:  # noqa: BLE001 - a thread's border: a writer that ends stores nothing
                _log.exception("the recorder failed on %d units", len(waiting))
                results = [PersistenceError(str(error))] * len(waiting)
            loop.call_soon_threadsafe(self._resolve, waiting, results)  # one hop for the whole commit

    def _next(self) -> list[_Waiting]:
        """What to commit together; empty when closed."""
        with self._work:
            while True:
                while not self._queue:
                    if self._closed:
                        return []
                    self._work.wait()
                if batch := self._drain():
                    if self._queue:
                        self._work.notify()
                    return batch

    def _drain(self) -> list[_Waiting]:
        """As many as fit. Who gave up before being sent is left out: it has been told it is not stored."""
        batch: list[_Waiting] = []
        events = size = 0
        while self._queue and events < self._max_events and size < self._max_bytes:
            one = self._queue.popleft()
            if one.future.done():
                continue
            batch.append(one)
            events += len(one.unit)
            size += sum([len(event.state) for event in one.unit])
        return batch
