"""Commands through two gateways to chargers that answer, err, babble, fall silent, hang up, and come back elsewhere.

Whatever happens: a connection has at most one call in flight, a frame leaves at most once for each command, and
each command comes to exactly one end.
"""

import asyncio
import json
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from application import clock
from application.command_book import settle_overdue
from application.command_refusals import ChargerNotConnected
from application.commands import Wish
from application.ports import StoreUnavailable
from domain.commands.command import Command
from domain.commands.events import (
    Answered,
    Cancelled,
    Failed,
    OutcomeUnknown,
    Requested,
    Sent,
    State,
    TimedOut,
)
from domain.commands.patience import ANSWER_WITHIN_S
from domain.commands.upkeep import ClearCache
from domain.event import Event, Fact
from tests.adapters.ocpp.front_door import CP, FrontDoor
from tests.fakes.charger_socket import OPEN, ChargerSocket
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.fleet import InMemoryBroker
from tests.fakes.hand_wound_loop import HandWoundLoop

T = TypeVar("T")
TURNS = 40
PATIENCE_S = ANSWER_WITHIN_S - 0.5
"""A call that is there for so long was given up, in one leap of time or in several."""
ENDS = (Answered, Failed, TimedOut, OutcomeUnknown, Cancelled)


async def turn() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


class Line:
    """What one connection of the charger has seen of our calls."""

    def __init__(self, socket: ChargerSocket, gateway: str) -> None:
        self.socket = socket
        self.gateway = gateway
        self.answered: set[str] = set()
        self.seen_at: dict[str, float] = {}

    def look(self, now: float) -> None:
        """Note which calls are there by now."""
        for call in self.calls():
            self.seen_at.setdefault(call, now)

    def in_flight(self, now: float) -> list[str]:
        """Unanswered, and not given up."""
        return [one for one in self.waiting() if now - self.seen_at.get(one, now) < PATIENCE_S]

    def calls(self) -> list[str]:
        return [json.loads(text)[1] for text in self.socket.texts if text.startswith("[2,")]

    def waiting(self) -> list[str]:
        return [one for one in self.calls() if one not in self.answered]


class UnderFire(RuleBasedStateMachine):
    """One charger, two gateways on one log."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=HandWoundLoop)
        self.store = InMemoryEventStore()
        self.broker = InMemoryBroker()
        self.lines: list[Line] = []
        self.ids = iter(range(1_000_000))
        self.doors = self.run(self.open_doors())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open_doors(self) -> dict[str, FrontDoor]:
        doors = {}
        for name in ("east", "west"):
            doors[name] = FrontDoor(self.store, broker=self.broker, gateway=name)
            await doors[name].workplace.switchboard.open(_ignore)
        await doors["east"].register()
        return doors

    def open_lines(self) -> list[Line]:
        return [line for line in self.lines if line.socket.state == OPEN]

    def events(self, *kinds: type[Fact]) -> list[Event[Fact]]:
        return [one.event for one in self.store.log if isinstance(one.event.fact, kinds)]

    # -- what may happen -----------------------------------------------------------------------------------

    @rule(where=st.sampled_from(["east", "west"]))
    def connect(self, where: str) -> None:
        self.run(self.knock(where))

    async def knock(self, where: str) -> None:
        socket = ChargerSocket(self.doors[where].gateway)
        self.lines.append(Line(socket, where))
        for line in self.lines:  # a former connection is dead: the charger is the one that knocks
            line.socket.link.answer(alive=False)
        await turn()
        for line in self.lines:
            line.socket.link.answer(alive=False)
        await turn()

    @rule(where=st.sampled_from(["east", "west"]))
    def ask(self, where: str) -> None:
        self.run(self.request(where))

    async def request(self, where: str) -> None:
        wish = Wish(intent=ClearCache(), actor="user:test", command_id=f"c{next(self.ids)}")
        try:
            await self.doors[where].workplace.commands.request(CP, wish)
        except (ChargerNotConnected, StoreUnavailable):
            return
        await turn()

    @precondition(lambda self: any(line.waiting() for line in self.open_lines()))
    @rule(
        data=st.data(),
        reply=st.sampled_from(
            ['{"status":"Accepted"}', '{"status":"Rejected"}', '{"odd":1}', "error", "again"]
        ),
    )
    def answer(self, data: st.DataObject, reply: str) -> None:
        line = data.draw(st.sampled_from([one for one in self.open_lines() if one.waiting()]))
        call = data.draw(st.sampled_from(line.waiting()))
        text = f'[4,"{call}","GenericError","no",{{}}]' if reply == "error" else f'[3,"{call}",{reply}]'
        line.answered.add(call)
        if reply == "again":
            text = f'[3,"{call}",{{"status":"Accepted"}}]'
            line.socket.say(text)
        line.socket.say(text)
        self.run(turn())

    @precondition(lambda self: self.open_lines())
    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.open_lines())).socket.leave()
        self.run(turn())

    @rule(seconds=st.sampled_from([1, 29, 31]))
    def time_passes(self, seconds: int) -> None:
        loop = self.runner.get_loop()
        assert isinstance(loop, HandWoundLoop)
        for line in self.lines:
            line.look(loop.time())
        loop.wind(seconds)
        self.run(turn())

    @rule(down=st.booleans())
    def the_store_goes_and_comes(self, down: bool) -> None:
        self.store.unavailable = down

    # -- what is always true -------------------------------------------------------------------------------

    @invariant()
    def one_call_in_flight(self) -> None:
        now = self.runner.get_loop().time()
        for line in self.lines:
            line.look(now)
            assert len(line.in_flight(now)) <= 1

    @invariant()
    def what_left_was_recorded_first(self) -> None:
        recorded = {event.originator_id.rpartition("/")[2] for event in self.events(Sent)}
        left = [call for line in self.lines for call in line.calls()]
        assert len(left) == len(set(left)), "a frame leaves once"
        assert set(left) <= recorded

    @invariant()
    def nothing_ends_twice(self) -> None:
        ended = [event.originator_id for event in self.events(*ENDS)]
        assert len(ended) == len(set(ended))

    # -- and what is true when the dust has settled -------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.run(self.settle())
        finally:
            self.runner.close()

    async def settle(self) -> None:
        self.store.unavailable = False
        loop = asyncio.get_running_loop()
        assert isinstance(loop, HandWoundLoop)
        for _ in range(70):  # whoever still tries to write down what it heard gets its turn
            for line in self.lines:
                line.socket.link.answer(alive=False)
                if line.socket.state in ("", OPEN):
                    line.socket.leave()
            loop.wind(1)
            await turn()
        book = self.doors["east"].workplace.book
        streams = sorted({event.originator_id for event in self.events(Requested)})
        await settle_overdue(book, streams, clock.now() + timedelta(minutes=5))
        for stream in streams:
            command = Command(stream)
            for event in await self.store.read(stream):
                command.when(event)
            assert command.settled, f"{stream} is {command.state}"
            self.judge(command)
        assert all(line.socket.task.done() for line in self.lines)

    def judge(self, command: Command) -> None:
        """What the books say agrees with what the charger saw."""
        saw = [line for line in self.lines if command.id in line.calls()]
        if command.state is State.CANCELLED:
            assert not saw
        if command.state in (State.SUCCEEDED, State.REJECTED, State.FAILED):
            assert any(command.id in line.answered for line in saw)


async def _ignore(*_: object) -> None:
    return


TestUnderFire = UnderFire.TestCase
TestUnderFire.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking winds minutes of time-outs, over and over
)
