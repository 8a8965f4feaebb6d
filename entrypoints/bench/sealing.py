"""What sealing the log adds to appending: the same writers without a sealer and with one behind them, in turns."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from threading import Event as Stop

import psutil
import psycopg

from adapters.audit.sealer import Sealer, connected, seal
from adapters.eventstore.store import open_store
from application import clock
from domain.catalogue import FACTS
from domain.chargers.events import HeartbeatReceived
from domain.event import Event, Fact, Told
from entrypoints.bench.report import Figures, Results, Tell
from entrypoints.bench.scale import Scale
from entrypoints.bench.server import TENANT, provisioned
from entrypoints.bench.usage import postgres_cpu
from entrypoints.database import opened_database
from entrypoints.settings import Settings

ROUNDS = 4
"""Of each kind."""
WRITERS = 64
"""Each waits for its commit before it writes again, as a charger waits for its answer."""
START_S = 60
FRAME = '[2,"00000000-0000-0000-0000-000000000000","Heartbeat",{}]'
REPLY = '[3,"00000000-0000-0000-0000-000000000000",{"currentTime":"2026-11-26T12:00:00.000Z"}]'


def measure(scale: Scale, tell: Tell) -> Results:
    """Events a second without and with sealing, their medians' difference, and the CPU of both."""
    rounds: dict[bool, list[Figures]] = {False: [], True: []}
    with provisioned(1) as data_dir, opened_database(Settings(data_dir=data_dir, database_url=None)) as url:
        postmaster = _postmaster(url)
        number = 0
        for turn in range(2 * ROUNDS):
            sealed = turn % 2 == 1
            tell(f"{WRITERS} writers, {'with' if sealed else 'without'} sealing")
            with connected(url) as connection:
                Sealer(connection).catch_up()  # what the round before left
            with _sealing(url, running=sealed) as sealer:
                number, figures = asyncio.run(_append(url, scale.seconds, number, sealer, postmaster))
            rounds[sealed].append(figures)
    plain, with_sealing = (_median(rounds[kind]) for kind in (False, True))
    added = plain["per_s"] / with_sealing["per_s"] - 1
    return {
        "sealing.without": plain,
        "sealing.with": {**with_sealing, "added_pct": added * 100},
    }


async def _append(
    url: str, seconds: float, number: int, sealer: psutil.Process | None, postmaster: psutil.Process
) -> tuple[int, Figures]:
    """As many events as go in, each on a stream of a writer, through the group commit."""
    store = open_store(url, FACTS)
    own = psutil.Process()
    before = (_cpu(own), postgres_cpu(postmaster), _cpu(sealer))
    began = clock.monotonic()
    until = began + seconds
    written = 0

    async def write(writer: int) -> None:
        nonlocal written
        stream, version = f"charger/{TENANT}/SEALED-{number}-{writer}", 0
        while clock.monotonic() < until:
            version += 1
            told = Told(recorded_at=clock.now(), connection="c", frame=FRAME, reply=REPLY)
            event: Event[Fact] = Event(
                originator_id=stream, originator_version=version, fact=HeartbeatReceived(), told=told
            )
            await store.append([event])
            written += 1

    try:
        await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    finally:
        await store.close()
    took = clock.monotonic() - began
    if sealer is not None:
        await asyncio.to_thread(_wait_until_sealed, url)
    after = (_cpu(own), postgres_cpu(postmaster), _cpu(sealer))
    writer_us, postgres_us, sealer_us = (
        (late - early) / written * 1e6 for late, early in zip(after, before, strict=True)
    )
    return number + 1, {
        "events": written,
        "per_s": written / took,
        "writer_us": writer_us,
        "postgres_us": postgres_us,
        "sealer_us": sealer_us,
    }


@contextmanager
def _sealing(url: str, *, running: bool) -> Iterator[psutil.Process | None]:
    """The sealer as the projector runs it, in a process of its own."""
    if not running:
        yield None
        return
    context = multiprocessing.get_context("spawn")
    ready, stop = context.Event(), context.Event()
    process = context.Process(target=_seal, args=(url, ready, stop), daemon=True)
    process.start()
    try:
        if not ready.wait(START_S):
            raise TimeoutError(f"The sealer was not ready within {START_S} s.")
        yield psutil.Process(process.pid)
    finally:
        stop.set()
        process.join(10)
        process.terminate()


def _seal(url: str, ready: Stop, stop: Stop) -> None:
    ready.set()  # what it took to start is no cost of an event
    seal(url, stop)


def _wait_until_sealed(url: str) -> None:
    """All that fills tiles."""
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM eventstore.stored_events) / 256 - count(*) "
                "FROM audit.tiles WHERE level = 0"
            ).fetchone()
            if row is not None and row[0] <= 0:
                return
            connection.execute("SELECT pg_sleep(0.05)")


def _postmaster(url: str) -> psutil.Process:
    with psycopg.connect(url) as connection:
        return psutil.Process(connection.info.backend_pid).parent() or psutil.Process()


def _cpu(process: psutil.Process | None) -> float:
    if process is None:
        return 0.0
    times = process.cpu_times()
    return float(times.user + times.system)


def _median(rounds: list[Figures]) -> Figures:
    return {name: median(one[name] for one in rounds) for name in rounds[0]}
