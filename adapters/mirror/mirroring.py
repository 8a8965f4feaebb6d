"""The mirror at work: follows the log, hands each charger's traffic to its lane, and writes down how far all are.

What was said and not yet written down when the process dies is said again by the next, with the same message ids, as a
charger does that got no answer: a second of traffic at most.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar

from adapters.mirror.book import Book
from adapters.mirror.lane import ANSWER_S, Connect, Lane, Tally
from adapters.mirror.numbers import Numbers
from adapters.mirror.traffic import Item, Opening, Traffic

T = TypeVar("T")

LOOK_S = 0.3
"""So often the log is looked at when everything was said."""
KEEP_S = 1.0


class Standing(NamedTuple):
    """How far it is, and what came of it since it was first begun."""

    position: int
    head: int
    tally: Tally
    waiting: str
    """Why a charger's traffic waits, of one that does."""


class Mirroring:
    """One run of a mirror."""

    def __init__(
        self,
        name: str,
        traffic: Traffic,
        book: Book,
        connect: Connect,
        position: int,
        *,
        follow: bool,
        tell: Callable[[Standing], None] = lambda at: None,
        answer_s: float = ANSWER_S,
    ) -> None:
        """`book` is open at `position`; with `follow` it goes on until it is told to stop."""
        self._name = name
        self._traffic, self._book = traffic, book
        self._connect = connect
        self._position = position
        self._head = position
        self._follow = follow
        self._tell = tell
        self._answer_s = answer_s
        self._lanes: dict[str, Lane] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """By surprise, a lane; without it nobody would take what is put there."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="mirror")

    async def run(self, stop: asyncio.Event) -> Standing:
        """Until everything is said, or it is told to stop. Raises psycopg.Error, StoreUnavailable."""
        try:
            await self._resume()
            work = [
                asyncio.create_task(self._read()),
                asyncio.create_task(self._keep_now_and_then()),
                asyncio.create_task(_wait(stop)),
            ]
            self._tasks += work
            done, _ = await asyncio.wait((*work, self._failed), return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            self._failed.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            try:
                await self._keep()
            finally:
                self._pool.shutdown()
        return self.standing

    @property
    def standing(self) -> Standing:
        """Where it is."""
        lanes = self._lanes.values()
        waiting = next((f"{lane.charger}: {lane.waiting}" for lane in lanes if lane.waiting), "")
        return Standing(self._reached(), self._head, total(lane.tally for lane in lanes), waiting)

    async def _resume(self) -> None:
        """The lanes that were written down."""
        known = await self._in_thread(partial(self._book.lanes, self._name))
        numbers = await self._in_thread(partial(self._book.numbers, self._name))
        found = await self._in_thread(partial(self._book.found, self._name))
        for one in known:
            lane = Lane(
                one.charger,
                self._connect,
                self._opening,
                one.position,
                one.tally,
                numbers.get(one.charger, Numbers()),
                found.get(one.charger),
                answer_s=self._answer_s,
            )
            self._begin(lane)

    async def _read(self) -> None:
        while True:
            items, reached = await self._in_thread(partial(self._traffic.read, self._position))
            for item in items:
                await self._lane(item).put(item)
                self._position = item.position
            self._position = reached
            self._head = await self._in_thread(self._traffic.head)
            if items or reached < self._head:
                continue
            if not self._follow and all(lane.first_open is None for lane in self._lanes.values()):
                return
            await asyncio.sleep(LOOK_S)

    def _lane(self, item: Item) -> Lane:
        lane = self._lanes.get(item.charger)
        if lane is None:
            lane = Lane(item.charger, self._connect, self._opening, answer_s=self._answer_s)
            self._begin(lane)
        return lane

    def _begin(self, lane: Lane) -> None:
        self._lanes[lane.charger] = lane
        task = asyncio.create_task(lane.run(), name=f"mirror {lane.charger}")
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._failed.done():
            self._failed.set_exception(error)

    async def _opening(self, charger: str, position: int) -> Opening:
        return await self._in_thread(partial(self._traffic.opening, charger, position))

    def _reached(self) -> int:
        """Everything up to there was said; each lane knows what it said beyond."""
        behind = [first for lane in self._lanes.values() if (first := lane.first_open) is not None]
        return min([self._position, *(position - 1 for position in behind)])

    async def _keep_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(KEEP_S)
            await self._keep()
            self._tell(self.standing)

    async def _keep(self) -> None:
        """What changes meanwhile is written down the next time."""
        snapshots = [lane.snapshot() for lane in self._lanes.values() if lane.touched]
        await self._in_thread(partial(self._book.keep, self._name, snapshots, self._reached()))

    async def _in_thread(self, do: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, do)


def total(tallies: Iterable[Tally]) -> Tally:
    """Of all chargers together."""
    sums = Tally()
    for one in tallies:
        for name in Tally.__struct_fields__:
            setattr(sums, name, getattr(sums, name) + getattr(one, name))
    return sums


async def _wait(stop: asyncio.Event) -> None:
    with suppress(asyncio.CancelledError):
        await stop.wait()
