"""SEC-36: nobody stops, restarts, unlocks or limits a whole fleet in a moment, by whichever way and process he asks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.charging_profiles import ChargingProfiles
from application.desired_state import DesiredState
from application.mass_pace import STEERING, MassLimits, MassPace, TooManyChargers
from domain.chargers.events import Registered
from domain.charging_profiles.book import Criteria
from domain.commands.intents import INTENTS
from domain.commands.transactions import RemoteStart, RemoteStop
from domain.commands.upkeep import ClearCache, Reset, TriggerMessage
from domain.event import Told, events_of
from domain.identity import ChargerId
from domain.safeguards.events import MassCommandsRefused
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.fleet import InMemoryBroker

LIMITS = MassLimits(per_min=6, burst=10)


class Desk:
    """Processes on one broker and one log."""

    def __init__(self, processes: int = 1) -> None:
        self.broker = InMemoryBroker()
        self.store = InMemoryEventStore()
        self.paces = [
            MassPace(self.broker.open_fleet().limits, self.store, LIMITS, lambda: self.broker.seconds)
            for _ in range(processes)
        ]

    async def steer(
        self, n: int, actor: str = "user:eve", process: int = 0, tenant: str = "t", what: type = Reset
    ) -> bool:
        try:
            await self.paces[process].spare(ChargerId.of(tenant, f"CP{n}"), what, actor, "request-1")
        except TooManyChargers:
            return False
        return True

    def refusals(self) -> list[tuple[str, str, MassCommandsRefused]]:
        """(actor, cause, fact)."""
        return [
            (one.event.told.actor, one.event.told.cause, one.event.fact)
            for one in self.store.log
            if isinstance(one.event.fact, MassCommandsRefused)
        ]


async def test_sec_36_after_a_burst_one_steers_at_a_pace_and_is_told_when_to_go_on() -> None:
    here = Desk()
    assert [await here.steer(n) for n in range(12)] == [True] * 10 + [False] * 2
    with pytest.raises(TooManyChargers, match="Go on in 10 s") as refused:
        await here.paces[0].spare(ChargerId.of("t", "CP99"), Reset, "user:eve")
    here.broker.seconds += refused.value.wait_s
    assert await here.steer(99)
    assert not await here.steer(100)


async def test_sec_36_the_same_charger_again_is_no_further_charger() -> None:
    here = Desk()
    assert all([await here.steer(n % 3) for n in range(60)])
    assert all([await here.steer(n) for n in range(3, 10)])
    assert not await here.steer(11)
    assert await here.steer(2), "who may not go on may still bring to an end what he began"


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 30), st.integers(0, 60)), min_size=1, max_size=150))
async def test_sec_36_no_minute_sees_more_chargers_steered_whatever_the_process(
    asked: list[tuple[int, float, int]],
) -> None:
    here, steered = Desk(3), []
    for process, pause_s, n in asked:
        here.broker.seconds += pause_s
        if await here.steer(n, process=process):
            steered.append((here.broker.seconds, n))
    for first, (since, _) in enumerate(steered):
        within = {n for at, n in steered[first:] if at <= since + 60}
        # those of the minute before may be asked again without being counted
        known = {n for at, n in steered[:first] if at > since - 60}
        assert len(within - known) <= LIMITS.burst + LIMITS.per_min


async def test_sec_36_people_and_tenants_have_paces_of_their_own_and_our_jobs_none() -> None:
    here = Desk()
    while await here.steer(len(here.broker.empty_at) + len(here.store.log) + int(here.broker.seconds * 7)):
        here.broker.seconds += 1 / 7
    assert await here.steer(1000, "user:ann")
    assert await here.steer(1000, tenant="u")
    assert all([await here.steer(n, "job:guide") for n in range(100)])


async def test_sec_36_what_takes_no_power_away_is_not_counted() -> None:
    here = Desk()
    for what in (RemoteStart, ClearCache, TriggerMessage):
        assert what not in STEERING
        assert all([await here.steer(n, what=what) for n in range(50)])
    assert set(INTENTS) >= STEERING


async def test_sec_36_a_refusal_is_recorded_once_a_minute_with_who_and_why() -> None:
    here = Desk()
    for n in range(40):
        await here.steer(n, what=RemoteStop)
    [(actor, cause, fact)] = here.refusals()
    assert (actor, cause) == ("user:eve", "request-1")
    assert fact == MassCommandsRefused(charger="CP10", what="RemoteStop", per_min=6, wait_s=10)
    here.broker.seconds += 60
    for n in range(100, 140):
        await here.steer(n)
    assert len(here.refusals()) == 2


async def test_sec_36_without_the_broker_each_process_counts_alone() -> None:
    here = Desk()
    here.broker.unavailable = True
    assert [await here.steer(n) for n in range(12)] == [True] * 10 + [False] * 2


async def test_sec_36_lasting_wishes_are_counted_too() -> None:
    here = Desk()
    for n in range(30):
        charger = ChargerId.of("t", f"CP{n}")
        facts = [Registered(cpid=charger.key, security_profile=0)]
        told = Told(recorded_at=here.broker.now())
        await here.store.append(events_of(charger.stream, 0, facts, told))
    wishes = DesiredState(here.store, "t", "key:eve", pace=here.paces[0])
    for n in range(10):
        await wishes.want_availability(f"CP{n}", operative=False)
    with pytest.raises(TooManyChargers):
        await wishes.want_availability("CP10", operative=False)
    profiles = ChargingProfiles(here.store, "t", "key:eve", pace=here.paces[0])
    with pytest.raises(TooManyChargers):
        await profiles.withdraw("CP11", Criteria())
