"""Drift: what was as wanted, or given up, and is told differently for too long, is an alarm until it is mended."""

from datetime import timedelta

import pytest

from application.drift import watch_drift
from domain.alarms.events import AlarmCleared, AlarmRaised
from domain.chargers.provisioning import Disabled
from domain.desired_state.drift import Drift, drifting
from domain.desired_state.events import (
    HeldSetting,
    SettingAnswered,
    SettingGivenUp,
    SettingsDesired,
    SettingsReported,
    SettingsUndesired,
    WantedSetting,
)
from domain.desired_state.manners import manners_of
from domain.desired_state.settings import settings_stream
from domain.event import Fact, Told, events_of
from tests.adapters.ocpp.front_door import CP, NOW, FrontDoor

KEY = "HeartbeatInterval"
AFTER = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)


def wants(value: str, name: str = KEY) -> SettingsDesired:
    return SettingsDesired(settings=(WantedSetting(name, value),))


def tells(value: str | None, name: str = KEY, *, readonly: bool = False, secret: bool = False) -> Fact:
    held = HeldSetting(name=name, value=value, readonly=readonly, secret=secret)
    return SettingsReported(settings=(held,), asked=(name,))


class Shop:
    """The settings of CP1; each fact comes a minute after the one before."""

    def __init__(self) -> None:
        self.door = FrontDoor()
        self.store = self.door.store
        self.version, self.now = 0, NOW

    async def tell(self, *facts: Fact) -> None:
        for fact in facts:
            self.now += MINUTE
            events = events_of(settings_stream(CP), self.version, [fact], Told(recorded_at=self.now))
            await self.store.append(events)
            self.version += 1

    async def found(self, *names: str) -> list[Drift]:
        return drifting(CP, await self.store.read(settings_stream(CP)), names or (KEY,), manners_of("", ""))

    async def look(self, *, later: timedelta = AFTER, alarmed: bool = False) -> int:
        """The job, so long after the newest fact."""
        alarms = [CP] if alarmed else []
        return await watch_drift(self.store, {CP: [KEY, "B"]}, alarms, AFTER, self.now + later)

    def raised(self) -> list[str]:
        return [
            f"{event.fact.kind}: {event.fact.info}"
            for event in self.door.events(AlarmRaised)
            if isinstance(event.fact, AlarmRaised)
        ]


@pytest.fixture
async def shop() -> Shop:
    shop = Shop()
    await shop.door.register()
    return shop


async def test_what_is_on_its_way_to_a_wish_does_not_drift(shop: Shop) -> None:
    await shop.tell(tells("300"), wants("60"))
    assert await shop.found() == []
    await shop.tell(SettingAnswered(name=KEY, value="60", status="Accepted"))
    assert await shop.found() == []


async def test_what_was_reached_and_is_told_differently_drifts_from_then_on(shop: Shop) -> None:
    await shop.tell(wants("60"), tells("60"), tells("300"))
    assert await shop.found() == [Drift(KEY, shop.now, 3, "reached")]
    await shop.tell(tells("301"))
    assert await shop.found() == [Drift(KEY, shop.now - MINUTE, 3, "reached")], "since the first time"
    await shop.tell(tells("60"))
    assert await shop.found() == []
    await shop.tell(tells("300"), wants("90"))
    assert await shop.found() == [], "a new wish is on its way"
    await shop.tell(SettingsUndesired((KEY,)))
    assert await shop.found() == []


async def test_what_was_given_up_drifts_unless_it_is_as_wanted_after_all(shop: Shop) -> None:
    await shop.tell(tells("300"), wants("60"), SettingGivenUp(name=KEY, value="60", reason="Rejected"))
    assert await shop.found() == [Drift(KEY, shop.now, 3, "given_up")]
    await shop.tell(tells("60"))
    assert await shop.found() == []


async def test_what_cannot_be_changed_drifts_and_a_secret_never_does(shop: Shop) -> None:
    await shop.tell(wants("5", "B"), tells("4", "B", readonly=True))
    assert [one.why for one in await shop.found("B")] == ["read_only"]
    await shop.tell(wants("x", "C"), tells(None, "C", secret=True))
    assert await shop.found("C") == []


async def test_it_is_an_alarm_after_half_an_hour_and_over_when_it_is_mended(shop: Shop) -> None:
    await shop.tell(wants("60"), tells("60"), tells("300"))
    assert await shop.look(later=AFTER - MINUTE) == 1
    assert shop.raised() == []
    for minutes in range(0, 600, 5):
        await shop.look(later=AFTER + minutes * MINUTE, alarmed=True)
    assert shop.raised() == ["configuration_drift: HeartbeatInterval (reached)"]
    await shop.tell(tells("60"))
    assert await shop.look(alarmed=True) == 0
    assert len(shop.door.events(AlarmCleared)) == 1
    await shop.tell(tells("300"), wants("9", "B"), tells("8", "B", readonly=True))
    await shop.look()
    assert shop.raised()[1:] == ["configuration_drift: B (read_only), HeartbeatInterval (reached)"]


async def test_read_models_that_are_behind_raise_nothing_and_end_nothing_that_goes_on(shop: Shop) -> None:
    await shop.tell(wants("60"), tells("60"))
    assert await shop.look(alarmed=True) == 0
    assert shop.raised() == []


async def test_a_charger_out_of_use_is_left_alone(shop: Shop) -> None:
    await shop.tell(wants("60"), tells("60"), tells("300"))
    charger = await shop.door.charger()
    told = Told(recorded_at=NOW)
    await shop.store.append(events_of(charger.stream, charger.version, [Disabled()], told))
    assert await shop.look() == 0
    assert shop.raised() == []
