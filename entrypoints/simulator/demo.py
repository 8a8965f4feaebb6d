"""A handful of chargers in the middle of plausible sessions, for a first look at the system."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime

import msgspec

from entrypoints.simulator.charger import Charger
from entrypoints.simulator.clock import VirtualClock
from entrypoints.simulator.connector import Vehicle
from entrypoints.simulator.driver import Driver
from entrypoints.simulator.faults import NO_FAULTS
from entrypoints.simulator.fleet import Passwords, Progress, make_member, no_password, run_members
from entrypoints.simulator.member import Endpoint, Member
from entrypoints.simulator.report import FleetReport
from entrypoints.simulator.sessions import drawn_sessions
from entrypoints.simulator.station import Pace
from entrypoints.simulator.story import Equipment

_PAST_SAMPLES_S = 300
_LIVE_SAMPLES_S = 10
_PATIENCE_S = 3.0
"""How long the demo waits at its end for the answers to its last stops."""


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """A car that is already charging when the demo begins."""

    evse_id: int = 1
    token: str
    came_before_s: float
    """How long ago it was plugged in."""
    wants_wh: float
    power_w: float
    phases: int = 3
    battery_wh: float | None = None
    soc_at_arrival: float = 0.2


class DemoCharger(msgspec.Struct, frozen=True, kw_only=True):
    """One charger of the demo with a label for people and the cars at it."""

    equipment: Equipment
    label: str
    guests: tuple[Guest, ...] = ()

    @property
    def charger_id(self) -> str:
        """Its OCPP identity."""
        return self.equipment.charger_id


DEMO_TOKENS = tuple(f"DEMOTAG{number:02d}" for number in range(1, 9))
"""Id tokens the demo's drivers hold to the readers; to be accepted by the server."""

DEMO_CHARGERS: tuple[DemoCharger, ...] = (
    DemoCharger(
        label="Car park, bay 1",
        equipment=Equipment(
            charger_id="BENY-01",
            version="1.6",
            vendor="ZJBENY",
            model="BCP-AT2N-P",
            serial="BN24A0417",
            firmware="1.0.34",
            tethered=True,
            register_wh=1_482_310,
        ),
        guests=(
            Guest(
                token="DEMOTAG01",  # noqa: S106 – an RFID number, no secret
                came_before_s=2700,
                wants_wh=41_000,
                power_w=22_000,
            ),
        ),
    ),
    DemoCharger(
        label="Car park, bays 2 and 3",
        equipment=Equipment(
            charger_id="ALFEN-02",
            version="1.6",
            vendor="Alfen BV",
            model="NG920-61032",
            serial="ACE0412877",
            firmware="6.5.0-4217",
            evses=2,
            register_wh=5_210_044,
        ),
        guests=(
            Guest(
                token="DEMOTAG02",  # noqa: S106 – as above
                came_before_s=5400,
                wants_wh=38_500,
                power_w=11_000,
            ),
            Guest(
                evse_id=2,
                token="DEMOTAG03",  # noqa: S106 – as above
                came_before_s=900,
                wants_wh=24_000,
                power_w=7_400,
                phases=1,
            ),
        ),
    ),
    DemoCharger(
        label="Visitors",
        equipment=Equipment(
            charger_id="EVBOX-03",
            version="1.6",
            vendor="EV-BOX",
            model="G4E-WBW-M7500E",
            serial="EVB-P2211873",
            firmware="G4E-1.7.2",
            register_wh=12_843_728,
        ),
    ),
    DemoCharger(
        label="Fleet yard, fast",
        equipment=Equipment(
            charger_id="KEMPOWER-04",
            version="2.0.1",
            vendor="Kempower",
            model="Satellite DC",
            serial="KP-77120",
            firmware="2.8.1",
            evses=2,
            max_current_a=200.0,
            voltage_v=400.0,
            phases=1,
            register_wh=80_451_900,
        ),
        guests=(
            Guest(
                token="DEMOTAG04",  # noqa: S106 – as above
                came_before_s=600,
                wants_wh=46_000,
                power_w=72_000,
                phases=1,
                battery_wh=77_000,
                soc_at_arrival=0.22,
            ),
        ),
    ),
    DemoCharger(
        label="Office, row A",
        equipment=Equipment(
            charger_id="WALLBOX-05",
            version="2.0.1",
            vendor="Wallbox",
            model="Pulsar Pro",
            serial="WB-0912245",
            firmware="6.7.20",
            register_wh=233_870,
        ),
        guests=(
            Guest(
                token="DEMOTAG05",  # noqa: S106 – as above
                came_before_s=7200,
                wants_wh=22_600,
                power_w=11_000,
            ),
        ),
    ),
    DemoCharger(
        label="Office, row B",
        equipment=Equipment(
            charger_id="ZEUS-06",
            version="2.1",
            vendor="Zeus",
            model="Simulated AC 22",
            serial="ZS-000006",
            evses=2,
            register_wh=64_500,
        ),
        guests=(
            Guest(
                token="DEMOTAG06",  # noqa: S106 – as above
                came_before_s=1500,
                wants_wh=30_000,
                power_w=22_000,
            ),
        ),
    ),
    DemoCharger(
        label="Gate",
        equipment=Equipment(
            charger_id="ZEUS-07",
            version="2.1",
            vendor="Zeus",
            model="Simulated AC 11",
            serial="ZS-000007",
            max_current_a=16.0,
            register_wh=9_120,
        ),
    ),
)
"""The demo's chargers, to be provisioned before `run_demo`."""


def arrive(charger: Charger, guest: Guest, now_s: float) -> None:
    """Live through the guest's stay so far, offline: start and samples of the past wait in the queue."""
    began_s = now_s - guest.came_before_s
    vehicle = Vehicle(
        guest.wants_wh,
        guest.power_w,
        phases=guest.phases,
        battery_wh=guest.battery_wh,
        soc_at_arrival=guest.soc_at_arrival,
    )
    charger.plug(guest.evse_id, vehicle, began_s)
    charger.present(guest.evse_id, guest.token, began_s + 20)


def live_through(demo: DemoCharger, charger: Charger, now_s: float) -> None:
    """Bring the charger from its guests' arrivals to now, in the order of time."""
    settings, key = charger.station.settings, charger.station.dialect.metering_interval_key
    settings.change(key, str(_PAST_SAMPLES_S))
    for guest in sorted(demo.guests, key=lambda guest: -guest.came_before_s):
        _elapse(charger, now_s - guest.came_before_s)
        arrive(charger, guest, now_s)
    _elapse(charger, now_s)
    settings.change(key, str(_LIVE_SAMPLES_S))
    for connector in charger.station.connectors.values():
        if connector.transaction is not None:
            connector.next_sample_s = now_s + _LIVE_SAMPLES_S


def _elapse(charger: Charger, until_s: float) -> None:
    """Step from one due time to the next."""
    while (due_s := charger.station.due_s()) is not None and due_s < until_s:
        charger.elapsed(due_s)


async def run_demo(
    url: str,
    *,
    password_of: Passwords = no_password,
    seed: int = 1,
    duration_s: float | None = None,
    on_progress: Progress | None = None,
    going_home: asyncio.Event | None = None,
) -> FleetReport:
    """Run `DEMO_CHARGERS` against `url` in real time, for `duration_s`, until cancelled, or until `going_home`.

    When `going_home` is set the cars leave first: every session that was begun is ended.
    """
    clock, report = VirtualClock(), FleetReport()
    endpoint = Endpoint(url, most_backoff_s=10.0)
    members, jobs = [], list[Awaitable[None]]()
    now_s = clock.now_s()
    for demo in DEMO_CHARGERS:
        member = make_member(demo.equipment, endpoint, clock, report, seed, NO_FAULTS, Pace(), password_of)
        live_through(demo, member.charger, now_s)
        members.append(member)
        for evse_id in range(1, demo.equipment.evses + 1):
            begin = datetime.fromtimestamp(now_s + 120, UTC)
            plan = drawn_sessions(demo.charger_id, evse_id, begin, seed, occupied=0.9)
            driver = Driver(member, clock, plan, DEMO_TOKENS)
            jobs.append(_evse(driver, evse_id))
    running = asyncio.ensure_future(run_members(members, jobs, report, 50.0, duration_s, on_progress))
    home = asyncio.ensure_future(_go_home(members, clock, going_home or asyncio.Event()))
    try:
        await asyncio.wait((running, home), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (home, running):
            task.cancel()
        await asyncio.gather(home, running, return_exceptions=True)
    if running.done() and not running.cancelled():
        running.result()
    return report


async def _go_home(members: list[Member], clock: VirtualClock, told: asyncio.Event) -> None:
    """Once told: pull every cable, and wait until the server has taken the last stop (or is gone)."""
    await told.wait()
    for member in members:
        for evse_id, connector in member.charger.station.connectors.items():
            if connector.vehicle is not None:
                member.act(member.charger.unplug(evse_id, clock.now_s()))
    give_up_s = clock.now_s() + _PATIENCE_S
    while clock.now_s() < give_up_s and not all(m.charger.station.outbox.empty for m in members):  # noqa: ASYNC110 – nobody announces an empty outbox
        await asyncio.sleep(0.05)


async def _evse(driver: Driver, evse_id: int) -> None:
    """The guest of the beginning leaves when the car is full; then others come."""
    await driver.see_off(evse_id)
    await asyncio.sleep(60)
    await driver.run()
