"""kill -9 under load: the server, the postmaster and a backend in turn, and what must be true afterwards."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from time import monotonic
from typing import NamedTuple

import psutil
import psycopg

from entrypoints.simulator.fleet import run_sessions
from entrypoints.simulator.report import FleetReport, ReplayReport
from entrypoints.simulator.sessions import Session
from tests.e2e.conditions import until
from tests.e2e.log import Line, read_log
from tests.e2e.zeus_process import ZeusProcess

VERSIONS = ("1.6", "2.0.1", "2.1")
START = datetime(2026, 3, 1, 6, tzinfo=UTC)


class Killed(NamedTuple):
    """One blow: what was hit, and how long the fleet was without answers."""

    victim: str
    answered_before: int
    gap_s: float


def sessions_of(chargers: int, sessions: int) -> list[Session]:
    """`sessions` at each of `KILL-0001` …, an hour each, with an energy that tells them apart."""
    random = Random(11)
    return [
        Session(
            charger=f"KILL-{number:04d}",
            connector=1,
            start=START + timedelta(hours=2 * turn, seconds=number),
            end=START + timedelta(hours=2 * turn + 1, seconds=number),
            energy_wh=random.randint(1, 20_000),
        )
        for number in range(1, chargers + 1)
        for turn in range(sessions)
    ]


def version_of(charger: str) -> str:
    """A third of the fleet speaks each version."""
    return VERSIONS[int(charger.removeprefix("KILL-")) % len(VERSIONS)]


async def storm(
    server: ZeusProcess, sessions: list[Session], kills: int, on_kill: Callable[[Killed], None] | None = None
) -> tuple[ReplayReport, list[Killed]]:
    """Tell the sessions while the blows fall, spread evenly over the work; ends when all is answered."""
    chargers = sorted({session.charger for session in sessions})
    await server.register(chargers)
    progress: asyncio.Queue[FleetReport] = asyncio.Queue()
    work = asyncio.create_task(
        run_sessions(server.url, sessions, version_of=version_of, on_progress=progress.put_nowait)
    )
    messages = len(sessions) * 8  # at least: authorize, start, charging, four readings, stop, and statuses
    killed: list[Killed] = []
    fleet = await progress.get()
    for blow in range(kills):
        await _answered(fleet, work, (blow + 1) * messages // (kills + 1))
        victim, before, began = VICTIMS[blow % len(VICTIMS)], fleet.answered, monotonic()
        await asyncio.to_thread(victim, server)
        # Each charger has one message under way, whose answer may still have been in the wire.
        await _answered(fleet, work, fleet.answered + len(chargers) + 1)
        killed.append(Killed(victim.__name__.removeprefix("kill_"), before, monotonic() - began))
        if on_kill is not None:
            on_kill(killed[-1])
    return await work, killed


async def _answered(
    fleet: FleetReport, work: asyncio.Task[ReplayReport], count: int, timeout_s: float = 120
) -> None:
    """Until the fleet has so many answers; a fleet that ends before is an error of the test's sizes."""
    deadline = monotonic() + timeout_s
    while fleet.answered < count:
        if work.done():
            work.result()
            raise AssertionError("all was told before the last blow had fallen: take more sessions")
        assert monotonic() < deadline, f"not {count} answers within {timeout_s} s: {fleet.summary()}"
        await asyncio.sleep(0.01)


def kill_server(server: ZeusProcess) -> None:
    """The gateway goes, with its projector and its Postgres; an init system starts it again."""
    server.kill()
    server.start()


def kill_postmaster(server: ZeusProcess) -> None:
    """Postgres goes; our supervisor starts it again."""
    server.postmaster.kill()


def kill_backend(server: ZeusProcess) -> None:
    """One connection's process goes; Postgres then restarts by itself, since shared memory may be damaged."""
    deadline = monotonic() + 30
    while not (pids := _backends(server)):
        assert monotonic() < deadline, "nobody is connected to Postgres"
    psutil.Process(pids[0]).kill()


def _backends(server: ZeusProcess) -> list[int]:
    try:
        return [int(str(pid)) for (pid,) in server.query(BACKENDS)]
    except psycopg.OperationalError:  # still recovering from the blow before
        return []


BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'zeus event store' ORDER BY random()"
VICTIMS = (kill_server, kill_postmaster, kill_backend)


class Verdict(NamedTuple):
    """What was found; every list is empty after a storm that was survived."""

    acknowledged: int
    lost: list[str]
    """Acknowledged messages that are not in the log with that very answer."""
    doubled: list[str]
    """Sessions with more or fewer than one start, end or number."""
    bent: list[str]
    """Sessions whose energy or numbers are not the ones told."""
    unfinished: list[str]
    """Chargers that did not come back to tell all they had."""
    repeated: int
    """Messages sent again after a lost answer, and recognised."""


def judge(server: ZeusProcess, report: ReplayReport) -> Verdict:
    """Hold what the chargers were told against the log."""
    lines = read_log(server.dsn)
    exchanges = {(line.told["frame"], line.told.get("reply")) for line in lines if "frame" in line.told}
    acknowledged = report.acknowledged()
    lost = [f"{one.charger} {one.frame} {one.answer}" for one in acknowledged
            if (one.frame, one.answer) not in exchanges]  # fmt: skip
    doubled, bent = _per_session(lines, report)
    unfinished = [str(record.session) for record in report.sessions if not record.complete]
    repeated = sum(line.topic == "charger.message_repeated" for line in lines)
    return Verdict(len(acknowledged), lost, doubled, bent, unfinished, repeated)


def _per_session(lines: list[Line], report: ReplayReport) -> tuple[list[str], list[str]]:
    started = Counter(_place(line) for line in lines if line.topic == "transaction.started")
    ended = Counter(line.stream for line in lines if line.topic == "transaction.ended")
    energy = {
        line.stream: line.fact["energy_wh"] for line in lines if line.topic == "transaction.energy_settled"
    }
    stream_at = {_place(line): line.stream for line in lines if line.topic == "transaction.started"}
    numbers = {
        line.stream: line.fact.get("number", 0) for line in lines if line.topic == "transaction.started"
    }
    claims = [line.fact for line in lines if line.topic == "transaction_number.claimed"]
    doubled, bent = [], []
    for record in report.sessions:
        place = (record.session.charger, record.session.start)
        stream = stream_at.get(place, "")
        if started[place] != 1 or ended[stream] != 1:
            doubled.append(f"{place}: {started[place]} starts, {ended[stream]} ends")
        if energy.get(stream) != record.session.energy_wh:
            bent.append(f"{place}: {energy.get(stream)} Wh for {record.session.energy_wh}")
        if record.transaction_number is not None and numbers.get(stream) != record.transaction_number:
            bent.append(f"{place}: number {numbers.get(stream)}, the charger has {record.transaction_number}")
    given = sorted(number for number in numbers.values() if number)
    if sorted(fact["number"] for fact in claims) != given or len(set(given)) != len(given):
        doubled.append(f"{len(claims)} numbers claimed, {len(given)} transactions with one")
    return doubled, bent


def _place(line: Line) -> tuple[str, datetime]:
    return line.stream.split("/")[2], datetime.fromisoformat(line.fact["at"])


async def nobody_left_online(server: ZeusProcess) -> None:
    """Every connection has its goodbye in the board, those of killed servers too; lag is nil."""

    def look() -> bool:
        online = server.query("SELECT count(*) FROM ocpp_chargers WHERE online")
        head = server.query("SELECT max(notification_id) FROM eventstore.stored_events")
        behind = server.query(
            "SELECT count(*) FROM zeus_read_models WHERE place = 'live' AND position < %s", head[0][0]
        )
        return online == [(0,)] and behind == [(0,)]

    await until(look, "no charger online, and every read model at the head of the log", timeout_s=60)
