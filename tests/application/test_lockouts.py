"""SEC-05: who fails too often has to wait, wherever he fails; who shows the right password does not."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.fleet import Fleet
from application.lockouts import LONGEST_S, Closed, Failure, LockoutLimits, Lockouts, Visitor, origin_of
from domain.identity import ChargerId
from tests.fakes.fleet import InMemoryBroker

ORIGIN = "203.0.113.9"
LIMITS = LockoutLimits()


class Doors:
    """Processes on one broker whose time moves by hand."""

    def __init__(self, processes: int = 1, limits: LockoutLimits = LIMITS) -> None:
        self.broker = InMemoryBroker()
        self.fleets: list[Fleet] = [self.broker.open_fleet() for _ in range(processes)]
        self.doors = [
            Lockouts(fleet.limits, fleet.post, limits, lambda: self.broker.seconds, fleet.waits)
            for fleet in self.fleets
        ]

    async def open(self) -> "Doors":
        """Hear rings from now on."""
        for n, fleet in enumerate(self.fleets):
            await fleet.post.open(f"gateway-{n}", lambda _: None)
        return self


def visitor(cpid: str = "CP1", origin: str = ORIGIN, *, home: bool = False) -> Visitor:
    return Visitor(ChargerId.of("t", cpid), origin, home)


async def guess(door: Lockouts, who: Visitor) -> bool:
    """One wrong password; False where it was not even looked at."""
    if door.closed(who) is not None:
        return False
    await door.failed(who.origin, Failure.PASSWORD, who)
    return True


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 90)), min_size=1, max_size=150))
async def test_sec_05_nobody_guesses_faster_than_the_limit_whatever_his_pace(
    knocks: list[tuple[int, float]],
) -> None:
    here = await Doors(3).open()
    tried: list[float] = []
    for process, pause_s in knocks:
        here.broker.seconds += pause_s
        if await guess(here.doors[process], visitor()):
            tried.append(here.broker.seconds)
        await asyncio.sleep(0)  # rings are heard
    for n, begin in enumerate(tried):
        within = [at for at in tried[n:] if at < begin + 600]
        # a bucket's burst, what leaks out meanwhile, and the one that finds it full
        assert len(within) <= 2 * LIMITS.wrong_per_charger + 1


async def test_sec_05_parallel_guesses_gain_nothing() -> None:
    here = await Doors().open()
    looked_at = await asyncio.gather(*(guess(here.doors[0], visitor()) for _ in range(500)))
    assert sum(looked_at) == LIMITS.wrong_per_charger + 1


async def test_sec_05_who_is_shut_out_by_one_process_is_shut_out_by_all() -> None:
    here = await Doors(2).open()
    while await guess(here.doors[0], visitor()):
        pass
    await asyncio.sleep(0)
    assert here.doors[1].closed(visitor()) == here.doors[0].closed(visitor())
    assert not await guess(here.doors[1], visitor())


async def restarted(here: Doors) -> Lockouts:
    fleet = here.broker.open_fleet()
    door = Lockouts(fleet.limits, fleet.post, LIMITS, lambda: here.broker.seconds, fleet.waits)
    await door.recall()
    return door


async def test_sec_05_a_process_that_starts_knows_at_once_who_has_to_wait() -> None:
    here = await Doors().open()
    while await guess(here.doors[0], visitor()):
        pass
    door = await restarted(here)
    assert door.closed(visitor()) == here.doors[0].closed(visitor())
    assert not await guess(door, visitor())
    assert await guess(door, visitor("CP2", "198.51.100.1"))


async def test_sec_05_the_doubling_goes_on_after_a_restart() -> None:
    here = await Doors().open()
    while await guess(here.doors[0], visitor()):
        pass
    here.broker.seconds += 60.001
    door = await restarted(here)
    assert door.closed(visitor()) is None
    while await guess(door, visitor()):
        pass
    wait = door.closed(visitor())
    assert wait is not None
    assert round(wait.seconds) == 120


async def test_sec_05_without_the_broker_a_process_that_starts_knows_nobody_and_opens() -> None:
    here = await Doors().open()
    here.broker.unavailable = True
    await here.doors[0].recall()
    assert here.doors[0].closed(visitor()) is None


async def test_a_charger_that_comes_and_goes_has_to_wait_and_nobody_else_behind_its_address() -> None:
    here = Doors()
    allowed = 2 * LIMITS.arrivals_per_min
    waits = [here.doors[0].let_in(visitor()) for _ in range(allowed + 1)]
    assert waits[:allowed] == [None] * allowed
    late = waits[allowed]
    assert late is not None
    assert (late.why, round(late.seconds)) == (Closed.ARRIVALS_TOO_OFTEN, 2)
    assert [here.doors[0].let_in(visitor(f"NAT-{n}")) for n in range(200)] == [None] * 200
    here.broker.seconds += late.seconds
    assert here.doors[0].let_in(visitor()) is None


async def test_sec_05_the_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    here = await Doors().open()
    waits: list[float] = []
    for _ in range(8):
        while await guess(here.doors[0], visitor()):
            pass
        wait = here.doors[0].closed(visitor())
        assert wait is not None
        assert wait.why is Closed.AUTH_LOCKED
        waits.append(wait.seconds)
        here.broker.seconds += wait.seconds + 0.001
    assert [round(wait_s) for wait_s in waits] == [60, 120, 240, 480, *[LONGEST_S] * 4]


async def test_sec_05_the_right_password_costs_no_question_to_the_broker() -> None:
    here = Doors()
    here.broker.unavailable = True
    assert here.doors[0].crowded(ORIGIN) is None
    assert here.doors[0].closed(visitor()) is None
    here.doors[0].let_in(visitor())
    assert here.broker.empty_at == {}


async def test_sec_05_without_the_broker_each_process_counts_for_itself() -> None:
    here = Doors()
    here.broker.unavailable = True
    tries = 0
    while await guess(here.doors[0], visitor()):
        tries += 1
    assert tries == LIMITS.wrong_per_charger + 1
    assert here.doors[0].closed(visitor("CP2", "198.51.100.1")) is None


async def test_sec_05_two_hundred_honest_chargers_behind_the_same_nat_are_let_in() -> None:
    here = await Doors().open()
    for n in range(500):
        await guess(here.doors[0], visitor(f"VICTIM-{n % 50}"))
    assert here.doors[0].closed(visitor("STRANGER")) is not None
    for n in range(200):
        assert here.doors[0].closed(visitor(f"HONEST-{n}", home=True)) is None


async def test_sec_05_a_stranger_does_not_lock_a_charger_out_of_its_home() -> None:
    here = await Doors().open()
    while await guess(here.doors[0], visitor(origin="198.51.100.1")):
        pass
    assert here.doors[0].closed(visitor(origin="192.0.2.1")) is not None
    assert here.doors[0].closed(visitor(home=True)) is None


async def test_sec_05_enumerated_ids_are_counted_once_each() -> None:
    here = await Doors(2).open()

    async def knock(n: int, process: int) -> bool:
        who = visitor(f"ID-{n}")
        if here.doors[process].closed(who) is not None:
            return False
        await here.doors[process].failed(ORIGIN, Failure.UNKNOWN_ID, who)
        return True

    for turn in range(60):  # a box with a slip in it, knocking on and on
        assert await knock(0, turn % 2)
        here.broker.seconds += 10
    found = sum([await knock(n, n % 2) for n in range(1, 60)])
    assert LIMITS.unknown_per_address - 1 <= found <= LIMITS.unknown_per_address + 4
    wait = here.doors[0].closed(visitor("CP1"))
    assert wait is not None
    assert wait.why is Closed.RATE_LIMITED


async def test_sec_05_refused_handshakes_of_any_kind_are_counted_by_address() -> None:
    here = await Doors().open()
    refused = 0
    while here.doors[0].shut_to(ORIGIN) is None:
        await here.doors[0].failed(ORIGIN, Failure.OTHER)
        refused += 1
    assert refused == 2 * LIMITS.refused_per_min + 1
    assert here.doors[0].shut_to("198.51.100.1") is None


async def test_sec_05_strangers_from_a_shut_address_are_looked_up_so_often_and_no_more() -> None:
    here = await Doors().open()
    while here.doors[0].shut_to(ORIGIN) is None:
        await here.doors[0].failed(ORIGIN, Failure.OTHER)
    looked_up = sum(here.doors[0].crowded(ORIGIN) is None for _ in range(1000))
    assert looked_up == 200


async def test_without_an_address_only_the_charger_is_counted() -> None:
    here = Doors()
    for _ in range(500):
        await here.doors[0].failed("", Failure.OTHER)
    assert here.doors[0].closed(visitor(origin="")) is None
    while await guess(here.doors[0], visitor(origin="")):
        pass
    assert here.doors[0].closed(visitor("CP2", origin="")) is None


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_one_customer_is_one_address(address: str, origin: str) -> None:
    assert origin_of(address) == origin
