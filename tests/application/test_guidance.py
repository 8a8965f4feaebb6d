"""Chargers are led to what is wanted, whatever happened meanwhile; nothing else is ever repeated by itself."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from application import clock
from application.charging_profiles import ChargingProfiles, heard_transaction_end
from application.command_refusals import ChargerNotConnected
from application.commands import Wish
from application.desired_state import DesiredState
from application.guidance import LONGEST_REST, REST, Rests
from application.registry import Registry
from application.reported_settings import heard_variables
from domain.chargers.device_model import Attribute, Place, ReportedVariable, VariablesReported
from domain.chargers.events import TransactionClosed, TransactionOpened
from domain.charging_profiles.book import Ack, Book, Criteria
from domain.charging_profiles.events import Lapsed
from domain.charging_profiles.profile import ChargingProfile, Kind, Period, Purpose, Schedule, Unit
from domain.commands.drivers import ListEntry
from domain.commands.events import Requested
from domain.commands.intent import Abilities
from domain.commands.load import SetChargingProfile
from domain.commands.transactions import RemoteStart
from domain.desired_state.events import BootNoticed, SettingsReported
from domain.desired_state.goals import State
from domain.event import Event, Fact, Recorded, Told, events_of
from domain.identity import ChargerId, IdToken
from tests.adapters.ocpp.front_door import CP, TENANT, FrontDoor
from tests.fakes.event_store import InMemoryEventStore
from tests.fakes.living_charger import LivingCharger

OPERATOR = "user:ann"


class NotedStore(InMemoryEventStore):
    """Tells those who wait that something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = asyncio.Condition()

    async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
        positions = await super().append(events)
        async with self.written:
            self.written.notify_all()
        return positions


class Site:
    """A gateway, a charger that belongs to it, and somebody with wishes."""

    def __init__(self) -> None:
        """Nothing is wanted, nobody is connected."""
        self.store = NotedStore()
        self.door = FrontDoor(self.store, burst=1e6)
        self.charger = LivingCharger(self.door.gateway)
        self.desired = DesiredState(self.store, TENANT, OPERATOR)
        self.profiles = ChargingProfiles(self.store, TENANT, OPERATOR)
        self.guide = self.door.workplace.guide

    async def open(self) -> None:
        """Register the charger."""

        async def noticed(charger: ChargerId, news: str) -> None:
            self.guide.lead(charger)

        await self.door.workplace.switchboard.open(noticed)
        await self.door.register()

    async def wanted(self) -> None:
        """As the API does it after each wish."""
        await Registry(self.store, TENANT, OPERATOR).begin_guidance(CP.key)
        await self.door.workplace.switchboard.notify(CP, "wanted")

    async def want_profile(self, number: int, limit: str = "16") -> None:
        """A default profile for the whole charger, at a level of its own."""
        await self.profiles.want(CP.key, default_profile(number, limit), 0, Abilities())

    async def book(self) -> Book:
        """The profiles."""
        return await self.profiles.book(CP)

    async def tell(self, *facts: Fact) -> list[Recorded[Fact]]:
        """Facts on the charger's stream, as its session would write them."""
        events = events_of(CP.stream, (await self.door.charger()).version, facts, told())
        positions = await self.store.append(events)
        return [Recorded(position, event) for position, event in zip(positions, events, strict=True)]

    async def becomes(self, true: Callable[[], bool]) -> None:
        """Wait for something to be written after which it is true."""
        async with asyncio.timeout(20), self.store.written:
            await self.store.written.wait_for(true)

    def states(self) -> list[str]:
        """The topics of everything written so far."""
        return [one.event.fact.TOPIC for one in self.store.log]


def told() -> Told:
    return Told(recorded_at=clock.now())


def default_profile(number: int, limit: str = "16") -> ChargingProfile:
    return ChargingProfile(
        profile_id=number,
        stack_level=number,
        purpose=Purpose.TX_DEFAULT,
        kind=Kind.ABSOLUTE,
        schedules=(
            Schedule(
                unit=Unit.A,
                periods=(Period(start_s=0, limit=Decimal(limit)),),
                start_at=clock.now() - timedelta(hours=1),
            ),
        ),
    )


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    one = Site()
    await one.open()
    yield one
    if one.charger.socket is not None and one.charger.socket.state == "open":
        await one.charger.vanish()
    await one.guide.finish()
    await one.door.workplace.switchboard.finish()


async def test_a_charger_that_returns_is_led_to_all_that_was_wanted_meanwhile(site: Site) -> None:
    await site.charger.connect()
    await site.becomes(lambda: "charger.booted" in site.states())
    await site.charger.vanish()
    await site.desired.want_settings(CP.key, {"HeartbeatInterval": "60"})
    await site.desired.want_local_list(CP.key, [ListEntry(id_token=IdToken("CARD-1"))])
    await site.desired.want_availability(CP.key, False, evse_id=2)
    await site.want_profile(7)
    await site.wanted()
    wish = Wish(intent=RemoteStart(id_token=IdToken("CARD-1"), evse_id=1), actor=OPERATOR)
    with pytest.raises(ChargerNotConnected):
        await site.door.workplace.commands.request(CP, wish)

    await site.charger.connect()
    await site.becomes(lambda: "charging_profile.installed" in site.states())
    assert site.charger.settings["HeartbeatInterval"] == "60"
    assert site.charger.tokens == {"CARD-1": "Accepted"}
    assert site.charger.available == {2: "Inoperative"}
    assert (await site.book()).wanted[7].ack is Ack.INSTALLED
    assert (await site.desired.local_list_of(CP.key)).reached
    assert site.charger.asked("RemoteStartTransaction") == []
    intents = {
        one.event.fact.intent.name() for one in site.store.log if isinstance(one.event.fact, Requested)
    }
    assert "RemoteStart" not in intents


async def test_a_pause_wakes_up_by_itself(site: Site) -> None:
    site.charger.settings |= {"Alpha": "0", "Beta": "0"}
    await site.desired.want_settings(CP.key, {"Alpha": "1", "Beta": "1"})
    await site.wanted()
    await site.charger.connect()
    await site.charger.until(lambda: len(site.charger.asked("ChangeConfiguration")) == 1)
    before = clock.now()
    await site.charger.until(lambda: len(site.charger.asked("ChangeConfiguration")) == 2)
    assert clock.now() - before > timedelta(seconds=1), "writes keep a pace of two seconds"


async def test_settings_that_need_a_restart_share_one(site: Site) -> None:
    site.charger.settings |= {"Alpha": "0", "Beta": "0"}
    site.charger.needs_restart = {"Alpha", "Beta"}
    await site.desired.want_settings(CP.key, {"Alpha": "1", "Beta": "1"}, restart_if_required=True)
    await site.wanted()
    await site.charger.connect()
    await site.charger.until(lambda: bool(site.charger.asked("Reset")))
    assert len(site.charger.asked("ChangeConfiguration")) == 2
    await site.charger.vanish()
    await site.charger.connect()
    noticed = len(site.store.log)
    await site.becomes(lambda: site.states().count("settings.boot_noticed") == 2)
    await site.becomes(lambda: "settings.reported" in site.states()[noticed:])
    wanted = [one for one in (await site.desired.settings_of(CP.key)).settings if one.desired is not None]
    assert {(one.name, one.standing.state) for one in wanted} == {
        ("Alpha", State.REACHED),
        ("Beta", State.REACHED),
    }
    assert len(site.charger.asked("Reset")) == 1
    assert len(site.charger.asked("ChangeConfiguration")) == 2


async def test_a_boot_that_comes_while_it_is_led_is_noticed(site: Site) -> None:
    await site.desired.want_settings(CP.key, {"HeartbeatInterval": "60"})
    await site.wanted()
    site.charger.held_back = {"GetConfiguration"}
    await site.charger.connect(boot=False)
    await site.charger.until(lambda: bool(site.charger.asked("GetConfiguration")))
    site.charger.boot()
    await site.becomes(lambda: "charger.booted" in site.states())
    site.charger.go_on()
    await site.becomes(lambda: "settings.boot_noticed" in site.states())
    (noticed,) = [one.event.fact for one in site.store.log if isinstance(one.event.fact, BootNoticed)]
    assert (noticed.vendor, noticed.changed) == ("Acme", True)


async def test_a_charger_that_leaves_in_the_middle_is_led_on_when_it_returns(site: Site) -> None:
    site.charger.silent = {"SendLocalList"}
    await site.desired.want_local_list(CP.key, [ListEntry(id_token=IdToken("CARD-1"))])
    await site.wanted()
    await site.charger.connect()
    await site.charger.until(lambda: bool(site.charger.asked("SendLocalList")))
    await site.charger.vanish()
    await site.becomes(lambda: "command.outcome_unknown" in site.states())
    site.charger.silent = set()
    asked = len(site.charger.calls)
    await site.charger.connect()
    await site.becomes(lambda: "local_list.accepted" in site.states())
    assert ("GetLocalListVersion", {}) in site.charger.calls[asked:], (
        "it may have taken the list: it is asked"
    )
    assert site.charger.tokens == {"CARD-1": "Accepted"}


async def test_a_connection_that_is_replaced_does_not_stop_the_guide(site: Site) -> None:
    await site.desired.want_settings(CP.key, {"HeartbeatInterval": "60"})
    await site.wanted()
    site.charger.silent = {"GetConfiguration"}
    await site.charger.connect()
    await site.charger.until(lambda: bool(site.charger.asked("GetConfiguration")))
    first = site.charger.socket
    assert first is not None
    site.charger.silent = set()
    connecting = asyncio.create_task(site.charger.connect())
    await asyncio.wait_for(first.link.pinged.wait(), 5)
    first.link.answer(alive=False)
    await connecting
    await site.becomes(lambda: site.charger.settings["HeartbeatInterval"] == "60")


async def test_a_wish_that_comes_while_another_is_under_way_is_fulfilled_after_it(site: Site) -> None:
    await site.want_profile(1)
    await site.wanted()
    site.charger.held_back = {"SetChargingProfile"}
    await site.charger.connect()
    await site.charger.until(lambda: bool(site.charger.asked("SetChargingProfile")))
    await site.want_profile(2)
    await site.wanted()
    await site.want_profile(1, limit="10")
    await site.wanted()
    site.charger.go_on()
    await site.charger.until(lambda: len(site.charger.asked("SetChargingProfile")) == 3)
    await site.becomes(lambda: site.states().count("charging_profile.installed") == 3)
    limits = {
        number: profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]
        for number, (_, profile) in site.charger.profiles.items()
    }
    assert limits == {1: 10, 2: 16}
    assert {entry.ack for entry in (await site.book()).wanted.values()} == {Ack.INSTALLED}


@pytest.mark.parametrize("code", ["NotSupported", "NotImplemented"])
async def test_what_a_charger_cannot_do_is_not_asked_again(site: Site, code: str) -> None:
    await site.want_profile(1)
    await site.wanted()
    await site.charger.connect()
    await site.becomes(lambda: "charging_profile.installed" in site.states())
    site.charger.errors = {"ClearChargingProfile": code, "SetChargingProfile": code}
    await site.profiles.withdraw(CP.key, Criteria(profile_id=1))
    await site.wanted()
    await site.becomes(lambda: "charging_profile.clearing_refused" in site.states())
    await site.want_profile(2)
    await site.wanted()
    await site.becomes(lambda: "charging_profile.refused" in site.states())
    await site.charger.vanish()
    await site.charger.connect(boot=False)
    await site.desired.want_availability(CP.key, True, evse_id=1)
    await site.wanted()
    await site.charger.until(lambda: bool(site.charger.asked("ChangeAvailability")))
    assert len(site.charger.asked("ClearChargingProfile")) == 1
    assert len(site.charger.asked("SetChargingProfile")) == 2
    assert (await site.book()).held[1].stuck
    await site.profiles.withdraw(CP.key, Criteria(profile_id=1))
    site.charger.errors = {}
    await site.wanted()
    await site.becomes(lambda: "charging_profile.cleared" in site.states())


async def test_a_profile_sent_as_a_plain_command_stays_until_somebody_wants_it_gone(site: Site) -> None:
    await site.want_profile(1)
    await site.wanted()
    await site.charger.connect()
    await site.becomes(lambda: "charging_profile.installed" in site.states())
    plain = Wish(intent=SetChargingProfile(profile=default_profile(5)), actor=OPERATOR)
    await site.door.workplace.commands.request(CP, plain, 10)
    await site.want_profile(2)
    await site.wanted()
    await site.charger.until(lambda: 2 in site.charger.profiles)
    assert site.charger.profiles.keys() == {1, 5, 2}
    assert site.charger.asked("ClearChargingProfile") == []
    await site.profiles.withdraw(CP.key, Criteria(profile_id=5))
    await site.wanted()
    await site.becomes(lambda: "charging_profile.cleared" in site.states())
    assert site.charger.profiles.keys() == {1, 2}


async def test_profiles_of_a_transaction_lapse_with_it(site: Site) -> None:
    stream = f"transaction/{TENANT}/CP1/one"
    opened = TransactionOpened(
        transaction=stream, evse_id=1, connector_id=1, started_at=clock.now(), number=4711
    )
    await site.tell(opened)
    tx = ChargingProfile(
        profile_id=9,
        stack_level=0,
        purpose=Purpose.TX,
        kind=Kind.RELATIVE,
        schedules=(Schedule(unit=Unit.A, periods=(Period(start_s=0, limit=Decimal(8)),)),),
        transaction="4711",
    )
    await site.profiles.want(CP.key, tx, 1, Abilities())
    (closed,) = await site.tell(TransactionClosed(transaction=stream))
    for _ in range(2):  # told twice, written once
        await heard_transaction_end(site.store, closed)
    lapsed = [one.event for one in site.store.log if isinstance(one.event.fact, Lapsed)]
    assert [event.fact for event in lapsed] == [Lapsed(profile_id=9, why=lapsed[0].fact.why)]
    assert lapsed[0].told.cause == f"{CP.stream}@{closed.event.originator_version}"
    assert not (await site.book()).wanted


def variable(name: str, value: str, mutability: str = "ReadWrite") -> ReportedVariable:
    place = Place(component="AlignedDataCtrlr", variable=name)
    return ReportedVariable(place=place, attributes=(Attribute(value=value, mutability=mutability),))


async def test_reports_of_2x_are_what_is_known_of_settings(site: Site) -> None:
    await site.desired.want_settings(CP.key, {"AlignedDataCtrlr.Interval": "900"})
    report = VariablesReported(
        request_id=1,
        seq_no=0,
        variables=(
            variable("Interval", "60"),
            variable("Available", "true", "ReadOnly"),
            ReportedVariable(
                place=Place(component="SecurityCtrlr", variable="BasicAuthPassword"),
                attributes=(Attribute(value="do not keep"),),
            ),
            ReportedVariable(
                place=Place(component="EVSE", evse_id=1, variable="Power"),
                attributes=(Attribute(kind="MaxSet", value="1"),),
            ),
        ),
    )
    (first,) = await site.tell(report)
    for _ in range(2):
        await heard_variables(site.store, first)
    view = {one.name: one for one in (await site.desired.settings_of(CP.key)).settings}
    assert view.keys() == {
        "AlignedDataCtrlr.Interval",
        "AlignedDataCtrlr.Available",
        "SecurityCtrlr.BasicAuthPassword",
    }
    interval = view["AlignedDataCtrlr.Interval"]
    assert interval.told is not None
    assert (interval.told.setting.value, interval.standing.state) == ("60", State.PENDING)
    assert interval.told.at == first.event.told.recorded_at
    secret = view["SecurityCtrlr.BasicAuthPassword"].told
    assert secret is not None
    assert (secret.setting.value, secret.setting.secret) == (None, True)
    assert "do not keep" not in repr([one.event.fact for one in site.store.log[-1:]])
    reports = [one for one in site.store.log if isinstance(one.event.fact, SettingsReported)]
    assert len(reports) == 1, "told twice, written once"
    (late,) = await site.tell(report)
    await heard_variables(site.store, late)
    (again,) = [one.event.fact for one in site.store.log if isinstance(one.event.fact, SettingsReported)][1:]
    assert (again.settings, again.asked) == ((), ("AlignedDataCtrlr.Interval",))


async def test_an_older_report_does_not_speak_against_a_later_answer(site: Site) -> None:
    (early,) = await site.tell(
        VariablesReported(request_id=1, seq_no=0, variables=(variable("Interval", "1"),))
    )
    late = await site.tell(VariablesReported(request_id=2, seq_no=0, variables=(variable("Interval", "2"),)))
    await heard_variables(site.store, late[0])
    await heard_variables(site.store, early)
    (setting,) = (await site.desired.settings_of(CP.key)).settings
    assert setting.told is not None
    assert setting.told.setting.value == "2"


def test_profiles_rest_twice_as_long_each_time() -> None:
    rests, now = Rests(), clock.now()
    for n in range(12):
        rests.rest(1, now)
        assert rests.first(now) == now + min(REST * 2**n, LONGEST_REST)
        assert rests.resting(now) == {1}
        now = now + min(REST * 2**n, LONGEST_REST)
        assert rests.resting(now) == frozenset()
    rests.forget(1)
    rests.rest(1, now)
    assert rests.first(now) == now + REST
