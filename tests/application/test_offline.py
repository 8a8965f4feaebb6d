"""Who stays away is said to be offline: once, not at the first lost socket, and never of one that is back."""

import asyncio
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from application.offline import ACTOR, note_absence
from application.snapshots import load_charger
from domain.chargers.absence import WentOffline
from domain.chargers.events import Acceptance, Booted, Connected, Disconnected, Registered
from domain.chargers.provisioning import Disabled, Enabled
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId
from tests.fakes.staged_store import StagedEventStore

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CP = ChargerId.of("t", "CP1")
BOOTED = Booted(vendor="V", model="M", answered=Acceptance.ACCEPTED, interval_s=300)
PING_S = 60.0


class World:
    """One charger, and a clock that moves by hand."""

    def __init__(self) -> None:
        self.store = StagedEventStore()
        self.now = NOON
        self.connections = 0

    async def tell(self, *facts: Fact) -> None:
        state = await load_charger(self.store, CP)
        told = Told(recorded_at=self.now)
        await self.store.append(events_of(CP.stream, state.version, facts, told))

    async def connect(self) -> None:
        self.connections += 1
        name = f"c{self.connections}"
        await self.tell(Connected(connection=name, gateway="g", protocol="1.6", security_profile=0), BOOTED)

    async def leave(self) -> None:
        await self.tell(Disconnected(connection=f"c{self.connections}", code=1006, reason="cut"))

    async def detect(self) -> int:
        return await note_absence(self.store, [CP], self.now, PING_S)

    @property
    def said(self) -> list[WentOffline]:
        return [one.event.fact for one in self.store.log if isinstance(one.event.fact, WentOffline)]


async def world() -> World:
    made = World()
    await made.tell(Registered(cpid="CP1", security_profile=0))
    return made


async def test_three_heartbeats_in_vain_make_one_event() -> None:
    w = await world()
    await w.connect()
    await w.leave()
    w.now += timedelta(seconds=899)
    assert await w.detect() == 0
    w.now += timedelta(seconds=1)
    assert [await w.detect() for _ in range(3)] == [1, 0, 0]
    assert w.said == [WentOffline(since=NOON, patience_s=900, reason="cut")]
    assert w.store.log[-1].event.told.actor == ACTOR


async def test_one_that_comes_and_goes_is_not_offline() -> None:
    w = await world()
    for _ in range(20):
        await w.connect()
        await w.leave()
        w.now += timedelta(seconds=600)
        assert await w.detect() == 0
    assert w.said == []


async def test_it_is_said_again_of_one_that_returned() -> None:
    w = await world()
    for _ in range(2):
        await w.connect()
        await w.leave()
        w.now += timedelta(hours=1)
        assert await w.detect() == 1
    assert len(w.said) == 2


async def test_who_never_connected_or_is_out_of_use_is_not_missed() -> None:
    w = await world()
    w.now += timedelta(days=9)
    assert await w.detect() == 0
    await w.connect()
    await w.leave()
    await w.tell(Disabled(reason="works"))
    w.now += timedelta(days=9)
    assert await w.detect() == 0
    await w.tell(Enabled())
    assert await w.detect() == 1


async def test_one_that_returns_at_that_moment_is_not_offline() -> None:
    w = await world()
    await w.connect()
    await w.leave()
    w.now += timedelta(hours=1)
    back = Connected(connection="c9", gateway="g", protocol="1.6", security_profile=0)
    w.store.before = [lambda: w.store.intrude(CP.stream, back, Told(recorded_at=w.now))]
    assert await w.detect() == 0
    assert w.said == []


@given(
    st.lists(
        st.tuples(st.sampled_from(["connect", "leave", "wait", "detect"]), st.integers(1, 2000)), max_size=30
    )
)
def test_it_is_said_once_for_each_absence_that_is_too_long(story: list[tuple[str, int]]) -> None:
    """Against the plain reading of the rule: an absence counts if somebody looked 900 s after its begin or later."""

    async def play() -> None:
        w = await world()
        connected, since, said, expected = False, None, False, 0
        for what, seconds in story:
            w.now += timedelta(seconds=seconds)
            if what == "connect" and not connected:
                await w.connect()
                connected, since, said = True, None, False
            elif what == "leave" and connected:
                await w.leave()
                connected, since = False, w.now
            elif what == "detect":
                if since is not None and not said and (w.now - since).total_seconds() >= 900:
                    expected, said = expected + 1, True
                await w.detect()
            assert len(w.said) == expected

    asyncio.run(play())
