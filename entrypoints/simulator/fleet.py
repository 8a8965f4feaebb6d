"""Many chargers in one process: live, in lapsed time, or replaying sessions as fast as they are answered."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from itertools import cycle

from entrypoints.simulator.charger import Charger, Outcome
from entrypoints.simulator.clock import VirtualClock
from entrypoints.simulator.driver import Driver
from entrypoints.simulator.faults import NO_FAULTS, Faults
from entrypoints.simulator.member import Endpoint, Member
from entrypoints.simulator.outbox import Call
from entrypoints.simulator.replay import charger_story
from entrypoints.simulator.report import Acknowledged, FleetReport, ReplayReport, SessionRecord
from entrypoints.simulator.sessions import Session, drawn_sessions
from entrypoints.simulator.station import Pace
from entrypoints.simulator.story import Equipment

Passwords = Callable[[str], str | None]
Progress = Callable[[FleetReport], None]

SIMULATED_TOKENS = tuple(f"SIMTAG{number:03d}" for number in range(1, 51))
"""The tokens drawn and replayed sessions are charged with."""


def no_password(charger_id: str) -> str | None:
    """Connect without Basic auth."""
    return None


def simulated_ids(chargers: int) -> list[str]:
    """The ids of `simulate`: SIM-00001 …"""
    return [f"SIM-{number:05d}" for number in range(1, chargers + 1)]


async def simulate(
    url: str,
    *,
    chargers: int,
    versions: Sequence[str] = ("1.6", "2.0.1", "2.1"),
    time_lapse: float = 1.0,
    seed: int = 1,
    faults: Faults = NO_FAULTS,
    password_of: Passwords = no_password,
    duration_s: float | None = None,
    on_progress: Progress | None = None,
    connects_per_s: float = 500.0,
    compress: bool = False,
    start: datetime | None = None,
) -> FleetReport:
    """Run `chargers` (ids of `simulated_ids`, versions in turn) with drawn sessions against `url`.

    `time_lapse` is simulated seconds a real second. `duration_s` is in real seconds; None runs until
    cancelled. `on_progress` is called with the report about once a second. `start` is the simulated time at
    the beginning, now when left out.
    """
    clock = VirtualClock(time_lapse, start)
    endpoint, report = Endpoint(url, compress=compress), FleetReport()
    pace = Pace(stretch=time_lapse)
    jobs: list[Awaitable[None]] = []
    members: list[Member] = []
    for charger_id, version in zip(simulated_ids(chargers), cycle(versions), strict=False):
        equipment = Equipment(charger_id=charger_id, version=version, serial=f"S{charger_id}", evses=2)
        member = make_member(equipment, endpoint, clock, report, seed, faults, pace, password_of)
        members.append(member)
        begin = datetime.fromtimestamp(clock.now_s(), UTC)
        plans = [
            drawn_sessions(charger_id, evse_id, begin, seed) for evse_id in range(1, equipment.evses + 1)
        ]
        jobs.extend(Driver(member, clock, plan, SIMULATED_TOKENS).run() for plan in plans)
    await run_members(members, jobs, report, connects_per_s, duration_s, on_progress)
    return report


def make_member(
    equipment: Equipment,
    endpoint: Endpoint,
    clock: VirtualClock,
    report: FleetReport,
    seed: int,
    faults: Faults,
    pace: Pace,
    password_of: Passwords,
    on_acknowledged: Callable[[object, Acknowledged], None] | None = None,
) -> Member:
    """Join a new charger core to the fleet's endpoint and report."""

    def outcome(what: Outcome) -> None:
        member.outcome(what)

    charger = Charger(
        equipment, seed=seed, born_s=clock.now_s(), faults=faults, pace=pace, on_outcome=outcome
    )
    member = Member(
        charger,
        endpoint,
        clock,
        report,
        seed=seed,
        password=password_of(equipment.charger_id),
        on_acknowledged=on_acknowledged,
    )
    report.chargers += 1
    return member


async def run_members(
    members: Sequence[Member],
    jobs: Sequence[Awaitable[None]],
    report: FleetReport,
    connects_per_s: float,
    duration_s: float | None,
    on_progress: Progress | None,
    *,
    until_done: bool = False,
) -> None:
    """Connect at the given rate, run to the end (or `duration_s`), and close every socket."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    ending = asyncio.Event()
    if duration_s is not None:
        loop.call_later(duration_s, ending.set)
    tasks: list[asyncio.Future[None]] = [asyncio.ensure_future(job) for job in jobs]
    if on_progress is not None:
        tasks.append(asyncio.ensure_future(_progress(report, on_progress, began_s)))
    tasks.append(asyncio.ensure_future(_ramp(members, tasks, connects_per_s)))
    waiting = asyncio.ensure_future(_all_done(members, ending) if until_done else _wait(ending))
    try:
        await _first_failure([waiting], tasks)
    finally:
        for member in members:
            member.stop()
        for task in (*tasks, waiting):
            task.cancel()
        await asyncio.gather(*tasks, waiting, return_exceptions=True)
        await asyncio.gather(*(member.finished() for member in members))
        report.elapsed_s = loop.time() - began_s
        report.unexpected = sum(member.charger.unexpected for member in members)


async def _wait(ending: asyncio.Event) -> None:
    await ending.wait()


async def _all_done(members: Sequence[Member], ending: asyncio.Event) -> None:
    """Until every story is told, or time is up."""
    stop = asyncio.ensure_future(ending.wait())
    for member in members:
        done = asyncio.ensure_future(member.done.wait())
        await asyncio.wait((done, stop), return_when=asyncio.FIRST_COMPLETED)
        done.cancel()
        if stop.done():
            break
    stop.cancel()


async def _first_failure(waited: list[asyncio.Future[None]], tasks: list[asyncio.Future[None]]) -> None:
    """Wait for the end; a task that fails before ends the run with its error."""
    while not waited[0].done():
        pending = [task for task in (*waited, *tasks) if not task.done()]
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def _ramp(members: Sequence[Member], tasks: list[asyncio.Future[None]], per_s: float) -> None:
    """Start the members at a steady rate, in portions of ten milliseconds."""
    portion = max(1, int(per_s / 100))
    for first in range(0, len(members), portion):
        tasks.extend(asyncio.ensure_future(m.run()) for m in members[first : first + portion])
        await asyncio.sleep(portion / per_s)


async def _progress(report: FleetReport, on_progress: Progress, began_s: float) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(1.0)
        report.elapsed_s = loop.time() - began_s
        on_progress(report)


async def run_sessions(
    url: str,
    sessions: Sequence[Session],
    *,
    version_of: Callable[[str], str] = lambda charger_id: "1.6",
    password_of: Passwords = no_password,
    seed: int = 1,
    samples: int = 4,
    faults: Faults = NO_FAULTS,
    pace: Pace | None = None,
    token_of: Callable[[Session], str] | None = None,
    connects_per_s: float = 500.0,
    most_backoff_s: float = 2.0,
    duration_s: float | None = None,
    on_progress: Progress | None = None,
    compress: bool = False,
) -> ReplayReport:
    """Replay `sessions`, each charger as fast as the server answers, and tell what was acknowledged.

    A charger sends its sessions in order of time, its connectors interleaved; a lost connection (or a killed
    server) is waited out and every unacknowledged transaction message sent again. Ends when everything is
    answered or given up, or after `duration_s` real seconds. `samples` is the number of meter values a
    session.
    """
    clock = VirtualClock()
    endpoint, report = Endpoint(url, compress=compress, most_backoff_s=most_backoff_s), ReplayReport()
    by_charger: dict[str, list[Session]] = {}
    for session in sessions:
        by_charger.setdefault(session.charger, []).append(session)

    def acknowledged(call: object, entry: Acknowledged) -> None:
        record = call.about if isinstance(call, Call) else None
        if isinstance(record, SessionRecord) and isinstance(call, Call):
            record.acknowledged.append(entry)
            if call.transaction is not None:
                record.transaction_number = call.transaction.number
        else:
            report.others.append(entry)

    members = []
    pace = pace or Pace(retry_interval_s=1.0)
    for charger_id, own in by_charger.items():
        evses = max(session.connector for session in own)
        equipment = Equipment(charger_id=charger_id, version=version_of(charger_id), evses=evses)
        member = make_member(
            equipment, endpoint, clock, report.fleet, seed, faults, pace, password_of, acknowledged
        )
        dialect = member.charger.station.dialect
        member.charger.story = charger_story(
            equipment,
            dialect,
            own,
            seed,
            samples=samples,
            token_of=token_of,
            on_session=report.sessions.append,
        )
        members.append(member)
    await run_members(members, [], report.fleet, connects_per_s, duration_s, on_progress, until_done=True)
    return report
