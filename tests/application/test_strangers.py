"""Requests without a good token: an address that sends too many waits longer and longer, and only it."""

import asyncio

from application.fleet import Fleet
from application.strangers import StrangerLimits, Strangers
from domain.safeguards.events import AddressHeld
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.fleet import InMemoryBroker

ORIGIN = "203.0.113.9"
LIMITS = StrangerLimits(per_min=6)
AT_ONCE = 12


class Gate:
    """Processes on one broker and one log, at which credentials are shown; "good" is a good one."""

    def __init__(self, processes: int = 1) -> None:
        self.broker = InMemoryBroker()
        self.store = InMemoryEventStore()
        self.fleets = [self.broker.open_fleet() for _ in range(processes)]
        self.strangers = [self._open(fleet) for fleet in self.fleets]
        self.looked_at = 0

    def _open(self, fleet: Fleet) -> Strangers:
        return Strangers(
            self.store, "t", fleet.limits, fleet.post, fleet.waits, LIMITS, lambda: self.broker.seconds
        )

    async def open(self) -> "Gate":
        """Hear rings from now on."""
        for n, fleet in enumerate(self.fleets):
            await fleet.post.open(f"gateway-{n}", lambda _: None)
        return self

    def restarted(self) -> Strangers:
        """One more process."""
        self.fleets.append(self.broker.open_fleet())
        self.strangers.append(self._open(self.fleets[-1]))
        return self.strangers[-1]

    async def show(
        self, credential: str, origin: str = ORIGIN, process: int = 0, slowly: bool = False
    ) -> float:
        """As the doorman does; how long to wait, 0 where it was looked at."""
        strangers = self.strangers[process]
        if wait_s := await strangers.wait_s(origin, credential):
            return wait_s
        self.looked_at += 1
        if slowly:
            await asyncio.sleep(0)
        if credential.startswith("good"):
            strangers.good(origin, credential)
        else:
            await strangers.bad(origin, credential)
        return 0.0

    def held(self) -> list[AddressHeld]:
        """What is in the log."""
        return [one.event.fact for one in self.store.log if isinstance(one.event.fact, AddressHeld)]


async def test_guesses_end_before_they_are_looked_at_and_the_waits_grow() -> None:
    here = await Gate().open()
    waits = []
    for _ in range(4):
        while not (wait_s := await here.show("guess")):
            pass
        waits.append(round(wait_s))
        here.broker.seconds += wait_s + 0.001
    assert waits == [10, 20, 40, 80]
    assert [(fact.remote, fact.wait_s, fact.strikes) for fact in here.held()] == [
        (ORIGIN, wait_s, n) for n, wait_s in enumerate(waits)
    ]


async def test_guesses_in_parallel_gain_nothing() -> None:
    here = await Gate().open()
    await asyncio.gather(*(here.show(f"guess-{n}", slowly=True) for n in range(300)))
    assert here.looked_at <= AT_ONCE + 3


async def test_who_shows_nothing_is_counted_as_well() -> None:
    here = await Gate().open()
    waits = [await here.show("") for _ in range(AT_ONCE + 5)]
    assert waits[:AT_ONCE] == [0.0] * AT_ONCE
    assert all(waits[AT_ONCE:])


async def test_a_good_token_is_let_pass_beside_an_attacker_and_a_new_one_is_looked_at_now_and_then() -> None:
    here = await Gate().open()
    assert await here.show("good-known") == 0.0
    while not await here.show("guess"):
        pass
    assert [await here.show("good-known") for _ in range(200)] == [0.0] * 200
    assert await here.show("good-new") == 0.0
    assert await here.show("good-new") == 0.0
    assert await here.show("guess", origin="198.51.100.1") == 0.0, "others are not touched"


async def test_any_number_of_good_tokens_is_let_in_from_one_address() -> None:
    here = await Gate().open()
    assert [await here.show(f"good-{n}") for n in range(500)] == [0.0] * 500
    assert here.held() == []


async def test_a_token_that_turned_bad_is_known_no_more() -> None:
    here = await Gate().open()
    await here.show("good")
    await here.strangers[0].bad(ORIGIN, "good")
    while not await here.show("guess"):
        pass
    waits = [await here.show("good") for _ in range(6)]
    assert waits.count(0.0) <= 3


async def test_processes_count_together_tell_each_other_and_remember_after_a_restart() -> None:
    here = await Gate(2).open()
    n = 0
    while not await here.show("guess", process=n % 2):
        n += 1
        await asyncio.sleep(0)
    assert n <= AT_ONCE + 1 + 2 * 3, "each process looks at three more before it says no alone"
    await asyncio.sleep(0)
    assert all([await here.show("guess", process=0) for _ in range(6)][3:])
    assert all([await here.show("guess", process=1) for _ in range(6)][3:])
    assert len(here.held()) == 1
    await here.restarted().recall()
    assert all([await here.show("guess", process=2) for _ in range(6)][3:])
