"""From the log to the hub and back: whatever is slow, whatever overflows, every message comes once and in order."""

import asyncio
from typing import Any, cast

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from adapters.live.archive import Archive
from adapters.live.hub import Hub
from adapters.live.listening import Listening
from adapters.live.places import START, Place
from adapters.live.selection import Selection
from adapters.live.stream import Bounds, Stream
from domain.tenants.roles import Right
from tests.adapters.live.logbook import SEAL, TENANT, HandArchive, HandHub, Logbook

RIGHTS = frozenset(Right)


class Seam(RuleBasedStateMachine):
    """One listener; the log grows, the hub hands out, readings come back and the listener takes, each by hand."""

    @initialize(
        before=strategies.integers(0, 8),
        frames=strategies.booleans(),
        after=strategies.integers(0, 8),
        part=strategies.integers(0, 2),
    )
    def begin(self, before: int, frames: bool, after: int, part: int) -> None:
        self.loop = asyncio.new_event_loop()
        self.book = Logbook()
        for _ in range(before):
            self.book.append()
        self.hub, self.archive = HandHub(self.book), HandArchive(self.book)
        self.start = START if after == 0 or after > before else Place(after, part)
        types = frozenset({"session.*", "meter.sample", *(["ocpp.message"] if frames else [])})
        selection = Selection(types=types, meter="every")
        self.stream = Stream(TENANT, selection, RIGHTS, self.start, Bounds(messages=4))
        self.listening = Listening(
            cast(Hub, self.hub), cast(Archive, self.archive), SEAL, self.stream, resumed=False
        )
        self.frames = frames
        self.got: list[Any] = []
        self.may_take = asyncio.Semaphore(0)
        self.task = self.loop.create_task(self.listen())

    async def listen(self) -> None:
        """As a socket does it: takes what comes, as fast as it is let."""
        while True:
            for message in await self.listening.next(3600):
                await self.may_take.acquire()
                self.got.append(message)

    def spin(self) -> None:
        """Let everything run that can."""
        for _ in range(20):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()

    def expected(self) -> list[Any]:
        return [
            message
            for message in self.book.between(0, self.book.head)
            if message.place > self.start and (self.frames or message.type != "ocpp.message")
        ]

    @rule(count=strategies.integers(1, 5), gap=strategies.integers(0, 2), connector=strategies.integers(1, 2))
    def grow(self, count: int, gap: int, connector: int) -> None:
        for _ in range(count):
            self.book.append(gap=gap, connector=connector)

    @rule(tenant=strategies.sampled_from(["hera", "zeus"]))
    def grow_elsewhere(self, tenant: str) -> None:
        self.book.append(tenant=tenant)

    @rule(step=strategies.integers(1, 9), looked_at=strategies.booleans())
    def hand_out(self, step: int, looked_at: bool) -> None:
        upto = min(self.book.head, self.hub.position + step)
        if upto > self.hub.position:
            self.hub.deliver(upto, tenants=(TENANT,) if looked_at else ("hera",), frames=self.frames)
        self.spin()

    @rule()
    def come_back(self) -> None:
        self.archive.let_go()
        self.spin()

    @rule(count=strategies.integers(1, 10))
    def take(self, count: int) -> None:
        for _ in range(count):
            self.may_take.release()
        self.spin()

    @precondition(lambda self: len(self.got) % 3 == 2)
    @rule()
    def come_again(self) -> None:
        """The connection breaks; the client comes with the id of the last message it had."""
        self.end_task()
        place = SEAL.open(self.got[-1].id)
        assert place == self.got[-1].place
        self.stream = Stream(TENANT, self.stream.selection, RIGHTS, place, Bounds(messages=4))
        self.listening = Listening(
            cast(Hub, self.hub), cast(Archive, self.archive), SEAL, self.stream, resumed=True
        )
        self.task = self.loop.create_task(self.listen())

    @invariant()
    def all_so_far_came_once_and_in_order(self) -> None:
        if hasattr(self, "got"):
            wanted = self.expected()
            assert [m.place for m in self.got] == [m.place for m in wanted[: len(self.got)]]

    @invariant()
    def what_waits_is_bounded(self) -> None:
        if hasattr(self, "stream"):
            assert self.stream.waiting <= 4

    def end_task(self) -> None:
        self.listening.close()
        self.task.cancel()
        self.spin()
        if self.task.done() and not self.task.cancelled() and (error := self.task.exception()):
            raise error

    def teardown(self) -> None:
        """Left alone with time enough, it has everything."""
        if not hasattr(self, "got"):
            return
        for _ in range(10_000):
            self.may_take.release()
        for _ in range(200):
            self.archive.let_go()
            if self.hub.position < self.book.head:
                self.hub.deliver(self.book.head, frames=self.frames)
            self.spin()
            if len(self.got) == len(self.expected()):
                break
        assert [m.place for m in self.got] == [m.place for m in self.expected()]
        self.end_task()
        self.loop.close()


TestSeam = Seam.TestCase
TestSeam.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
