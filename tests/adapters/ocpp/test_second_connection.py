"""One charger, one connection: whoever knocks, answers, speaks, hangs up or loses the store, and in any order."""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from application.ports import Loaded
from domain.chargers.charger import Charger
from domain.chargers.events import Connected, Disconnected, HeartbeatReceived
from domain.event import Event, Fact
from tests.adapters.ocpp.front_door import HEARTBEAT, FrontDoor
from tests.fakes.charger_socket import CLOSED, GONE, OPEN, ChargerSocket, Gone
from tests.fakes.event_store import InMemoryEventStore

T = TypeVar("T")
TURNS = 40
"""Turns of the loop after which everybody waits for something that only the test can bring about."""


async def turn() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


class HeldStore(InMemoryEventStore):
    """Takes its time: while `holding`, a call waits until it is let go."""

    def __init__(self) -> None:
        """Quick."""
        super().__init__()
        self.holding = False
        self.waiting: list[asyncio.Future[None]] = []

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        """When it is let go."""
        await self._hold()
        return await super().append(events)

    async def load(self, stream: str, kind: str) -> Loaded:
        """When it is let go."""
        await self._hold()
        return await super().load(stream, kind)

    def let_go(self, which: int = 0) -> None:
        """One of those who wait."""
        self.waiting.pop(which % len(self.waiting)).set_result(None)

    async def _hold(self) -> None:
        if self.holding:
            self.waiting.append(asyncio.get_running_loop().create_future())
            await self.waiting[-1]


class OneIdentity(RuleBasedStateMachine):
    """Boxes with the same id, and a store with moods."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = HeldStore()
        self.sockets: list[ChargerSocket] = []
        self.said_too_late: set[str] = set()
        self.given_up: list[ChargerSocket] = []
        self.numbers = iter(range(1_000_000))
        self.door = self.run(self.open_door())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open_door(self) -> FrontDoor:
        door = FrontDoor(self.store)
        await door.register()
        return door

    async def knock_once(self) -> None:
        self.sockets.append(ChargerSocket(self.door.gateway))
        await turn()

    def of_state(self, *states: str) -> list[ChargerSocket]:
        return [socket for socket in self.sockets if socket.state in states]

    def pinged(self) -> list[ChargerSocket]:
        return [socket for socket in self.sockets if socket.link.pings]

    # -- what may happen -----------------------------------------------------------------------------------

    @rule()
    def knock(self) -> None:
        self.run(self.knock_once())

    @precondition(lambda self: self.pinged())
    @rule(data=st.data(), alive=st.booleans())
    def answer_ping(self, data: st.DataObject, alive: bool) -> None:
        socket = data.draw(st.sampled_from(self.pinged()))
        if not alive:
            self.given_up.append(socket)
        socket.link.answer(alive=alive)
        self.run(turn())

    @precondition(lambda self: self.of_state(OPEN, CLOSED))
    @rule(data=st.data(), frames=st.integers(1, 3))
    def speak(self, data: st.DataObject, frames: int) -> None:
        socket = data.draw(st.sampled_from(self.of_state(OPEN, CLOSED)))
        for _ in range(frames):
            message_id = f"m{next(self.numbers)}"
            socket.say(HEARTBEAT.format(message_id))
            if socket.state == CLOSED:
                self.said_too_late.add(message_id)
        self.run(turn())

    @precondition(lambda self: self.of_state("", OPEN))
    @rule(data=st.data(), code=st.sampled_from([1000, 1006]))
    def leave(self, data: st.DataObject, code: int) -> None:
        data.draw(st.sampled_from(self.of_state("", OPEN))).leave(code)
        self.run(turn())

    @rule(mood=st.sampled_from(["quick", "quick", "quick", "slow", "slow", "down"]))
    def the_store_changes_its_mood(self, mood: str) -> None:
        self.store.holding = mood == "slow"
        self.store.unavailable = mood == "down"

    @precondition(lambda self: self.store.waiting)
    @rule(which=st.integers(0, 5))
    def store_moves(self, which: int) -> None:
        self.store.let_go(which)
        self.run(turn())

    # -- what is always true -------------------------------------------------------------------------------

    @invariant()
    def at_most_one_socket_is_open(self) -> None:
        assert len(self.of_state(OPEN)) <= 1

    @invariant()
    def nobody_is_replaced_who_answers(self) -> None:
        assert all(socket in self.given_up for socket in self.of_state(CLOSED))

    @invariant()
    def the_books_open_and_close_one_connection_after_the_other(self) -> None:
        current = ""
        for event in self.door.events(Connected, Disconnected):
            fact = event.fact
            if isinstance(fact, Connected):
                assert not current, "a second connection while the first is open"
                current = fact.connection
            elif isinstance(fact, Disconnected):
                assert fact.connection == current, "the end of a connection that is not the current one"
                current = ""

    @invariant()
    def what_a_replaced_connection_says_changes_nothing(self) -> None:
        causes = {one.event.told.cause for one in self.store.log}
        unread = {str(json.loads(text)[1]) for socket in self.sockets for text in socket.unread}
        assert not causes & (self.said_too_late | unread)

    # -- and what is true when the dust has settled -------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.run(self.settle())
        finally:
            self.runner.close()

    async def settle(self) -> None:
        self.store.unavailable = self.store.holding = False
        while self.store.waiting or self.pinged():
            for socket in self.pinged():
                socket.link.answer(alive=True)
            while self.store.waiting:
                self.store.let_go()
            await turn()
        await self.door.gateway.presence.settle()
        await self.door.attempts.flush(self.door.events(Fact)[0].told.recorded_at, everything=True)
        await self.judge()
        for socket in self.of_state(OPEN):
            socket.leave()
        await turn()
        assert (await self.door.charger()).connection == ""
        assert len(self.door.gateway.presence) == 0
        for socket in self.sockets:
            assert socket.task.done()
            assert isinstance(socket.task.exception(), Gone | None)

    async def judge(self) -> None:
        """The books say connected if and only if somebody is, and it is he who may write."""
        connection = (await self.door.charger()).connection
        here = self.of_state(OPEN)
        assert bool(connection) == bool(here)
        assert len(self.door.gateway.presence) == len(here)
        if here:
            assert (await here[0].ask(HEARTBEAT.format("last"))).startswith('[3,"last"')
            assert self.store.log[-1].event.told.connection == connection
        refused = [socket for socket in self.sockets if socket.status == 409]
        recorded = sum(fact.count for fact in self.door.refusals())
        lost_on_the_way = sum(socket.state == GONE and socket.status is None for socket in self.sockets)
        assert len(refused) <= recorded <= len(refused) + lost_on_the_way


TestOneIdentity = OneIdentity.TestCase
TestOneIdentity.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


async def test_a_third_does_not_slip_in_while_a_second_is_judged() -> None:
    """The place at the door is one place, however many wait for it."""
    door = FrontDoor()
    await door.register()
    first = ChargerSocket(door.gateway)
    await first.decided()
    second, third = ChargerSocket(door.gateway), ChargerSocket(door.gateway)
    await turn()
    first.link.answer(alive=True)
    assert await second.decided() == 409
    fourth = ChargerSocket(door.gateway)
    await turn()
    assert len(first.link.pings) == 1, "one newcomer at a time"
    first.link.answer(alive=False)
    assert await third.decided() == 101
    await turn()
    third.link.answer(alive=True)
    assert await fourth.decided() == 409
    third.leave()
    await asyncio.gather(first.ended(), third.ended())


async def test_what_was_still_to_be_read_of_a_replaced_connection_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A frame in the works is what the charger said; those behind it come from a connection that is over."""
    store = HeldStore()
    door = FrontDoor(store)
    await door.register()
    first = ChargerSocket(door.gateway)
    await first.decided()
    second = ChargerSocket(door.gateway)
    await first.link.pinged.wait()
    store.holding = True
    for message_id in ("in the works", "behind", "further behind"):
        first.say(HEARTBEAT.format(message_id))
    await turn()
    first.link.answer(alive=False)
    await turn()
    store.holding = False
    while store.waiting:
        store.let_go()
    assert await second.decided() == 101
    await first.ended()
    assert first.unread
    assert {event.told.cause for event in door.events(HeartbeatReceived)} == {"in the works"}
    assert first.texts == [], "the answer would go to nobody"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    second.leave()
    await second.ended()


async def test_who_hangs_up_before_the_door_opens_is_not_connected() -> None:
    """The connection is recorded before the handshake is complete: so must be its end."""
    store = HeldStore()
    door = FrontDoor(store)
    await door.register()
    store.holding = True
    socket = ChargerSocket(door.gateway)
    await turn()
    store.let_go()  # the charger is loaded
    await turn()
    socket.leave()
    store.holding = False
    store.let_go()  # and its connection stored
    await socket.ended()
    assert [type(event.fact) for event in door.events(Connected, Disconnected)] == [Connected, Disconnected]
    assert len(door.gateway.presence) == 0


async def test_a_goodbye_the_store_could_not_take_is_said_later() -> None:
    door = FrontDoor()
    await door.register()
    socket = ChargerSocket(door.gateway)
    await socket.decided()
    door.store.unavailable = True
    socket.leave(3001, "power cut")
    await socket.ended()
    presence = door.gateway.presence
    assert await presence.settle() == 0
    door.store.unavailable = False
    assert (await door.charger()).connection
    assert await presence.settle() == 1
    assert [event.fact for event in door.events(Disconnected)] == [
        Disconnected(connection=_connected(door), code=3001, reason="power cut")
    ]
    assert await presence.settle() == 0


async def test_a_late_goodbye_does_not_end_who_came_after() -> None:
    door = FrontDoor()
    await door.register()
    first = ChargerSocket(door.gateway)
    await first.decided()
    door.store.unavailable = True
    first.leave()
    await first.ended()
    door.store.unavailable = False
    second = ChargerSocket(door.gateway)
    await second.decided()
    before: Charger = await door.charger()
    assert await door.gateway.presence.settle() == 1
    assert await door.charger() == before
    second.leave()
    await second.ended()


def _connected(door: FrontDoor) -> str:
    fact = door.events(Connected)[-1].fact
    assert isinstance(fact, Connected)
    return fact.connection
