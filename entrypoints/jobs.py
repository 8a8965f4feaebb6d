"""The scheduled jobs of the installation, run beside the projector: of several processes one does each run.

| job | what it does |
|---|---|
| `offline_detector` | says of chargers that stay away that they are offline |
| `session_reconciler` | marks, and in the end closes, sessions that run in the books only |
| `expiry_sweeper` | ends reservations and commands whose time is over |
| `configuration_drift` | says of settings that are not as wanted for a while, and are again |
| `moments` | keeps what chargers looked like, so that the past is quick to see |
| `retention` | drops rows of read models that are older than the settings say |
"""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

import psycopg
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ProgrammingError

from adapters.eventstore.past import Past, busy_chargers
from adapters.http.database import open_engine, reading_all
from adapters.postgres.job_ledger import PostgresJobLedger
from adapters.postgres.link import PostgresLink
from adapters.privacy.opening import decoding
from application import clock
from application.command_book import settle_overdue
from application.drift import watch_drift
from application.jobs import Job, JobLedger, NotYet, run_due
from application.offline import note_absence
from application.reconciling import reconcile
from application.reservations import expire_due
from domain.alarms.kinds import CONFIGURATION_DRIFT
from domain.catalogue import FACTS
from domain.chargers.absence import FLOOR_S
from domain.identity import ChargerId
from entrypoints.database import Addresses, secret_of
from entrypoints.retention import prune
from entrypoints.settings import Settings
from entrypoints.wiring import Core
from projections.alarms.queries import subjects_of_open
from projections.commands.queries import overdue
from projections.configuration.queries import drifted
from projections.positions import lag
from projections.reservations.queries import due_for_expiry
from projections.row_security import CROSS
from projections.sessions.queries import awaiting_their_end
from projections.status_board.queries import away_since, free_but_running

log = logging.getLogger("zeus.jobs")

T = TypeVar("T")

OFFLINE_EVERY = timedelta(seconds=30)
RECONCILE_EVERY = timedelta(minutes=5)
SWEEP_EVERY = timedelta(seconds=5)
DRIFT_EVERY = timedelta(minutes=5)
MOMENTS_EVERY = timedelta(minutes=1)
RETAIN_EVERY = timedelta(hours=1)
LOOKS = 4
"""So often in the time between two runs each process looks whether one is due."""
SLOWEST_LOOK_S = 15.0
PAUSE_S = 10


class ReadModelsBehind(NotYet):
    """The read models are far behind the log: what they say of who is away would be of the past."""


class Jobs:
    """What the jobs do; each finds its subjects in the read models and decides by the log."""

    def __init__(self, core: Core, engine: Engine, at: Addresses, settings: Settings) -> None:
        """`engine` reads; the process has recorded that it does so over every tenant's rows."""
        self._core = core
        self._engine = engine
        self._at = at
        self._settings = settings

    @property
    def all(self) -> Sequence[Job]:
        """All of them."""
        return (
            Job("offline_detector", OFFLINE_EVERY, self.detect_offline),
            Job("session_reconciler", RECONCILE_EVERY, self.reconcile_sessions),
            Job("expiry_sweeper", SWEEP_EVERY, self.sweep_expired),
            Job("configuration_drift", DRIFT_EVERY, self.watch_drift),
            Job("moments", MOMENTS_EVERY, self.keep_moments),
            Job("retention", RETAIN_EVERY, self.retain),
        )

    async def detect_offline(self, now: datetime) -> int:
        """Chargers that stay away; never while the status board is behind, as they may be back."""
        await asyncio.to_thread(self._check_board)
        before = now - timedelta(seconds=FLOOR_S)
        away = await self._read(lambda connection: away_since(connection, before))
        chargers = [ChargerId(tenant, key) for tenant, key in away]
        said = await note_absence(self._core.store, chargers, now, self._settings.ping_interval_s)
        if said:
            log.warning("%d chargers are offline", said)
        return said

    async def reconcile_sessions(self, now: datetime) -> int:
        """Sessions whose end was lost."""
        suspects = await self._read(free_but_running)
        waiting = await self._read(awaiting_their_end)
        streams = {
            who: [stream for _, _, stream in rows]
            for who, rows in groupby(waiting, key=lambda row: (row[0], row[1]))
        }
        close_after, changed = timedelta(hours=self._settings.close_sessions_after_h), 0
        for who in dict.fromkeys((*suspects, *streams)):
            charger = ChargerId(*who)
            done = await reconcile(self._core.store, charger, streams.get(who, ()), now, close_after)
            if done.stale or done.closed:
                log.info(
                    "%s: %d sessions wait for their end, %d closed", charger.key, done.stale, done.closed
                )
            changed += done.stale + done.closed
        return changed

    async def sweep_expired(self, now: datetime) -> int:
        """Commands whose worker died, and reservations whose time is over."""
        streams = await self._read(lambda connection: overdue(connection, now))
        settled = await settle_overdue(self._core.book, streams, now) if streams else 0
        if settled:
            log.warning("settled %d commands whose end nobody had told", settled)
        expired = 0
        for tenant, key in await self._read(lambda connection: due_for_expiry(connection, now)):
            expired += len(await expire_due(self._core.store, ChargerId(tenant, key), now))
        return settled + expired

    async def watch_drift(self, now: datetime) -> int:
        """Chargers with settings that differ from what is wanted, and chargers with an alarm about that."""
        suspected: dict[ChargerId, list[str]] = {}
        for tenant, key, name in await self._read(drifted):
            suspected.setdefault(ChargerId(tenant, key), []).append(name)
        subjects = await self._read(lambda connection: subjects_of_open(connection, CONFIGURATION_DRIFT.name))
        alarmed = [ChargerId(tenant, key) for tenant, key in subjects]
        after = timedelta(minutes=self._settings.drift_alarm_minutes)
        return await watch_drift(self._core.store, suspected, alarmed, after, now)

    async def keep_moments(self, now: datetime) -> int:
        """What busy chargers looked like, every so many events."""
        return await asyncio.to_thread(self._keep_moments)

    def _keep_moments(self) -> int:
        made = 0
        with psycopg.connect(self._at.engine, connect_timeout=5) as connection:
            connection.execute("SET ROLE zeus_engine; SET timezone = 'UTC'")
            for charger in busy_chargers(connection):
                made += Past(connection, decoding(FACTS)).keep_moments(charger)
                connection.commit()
        return made

    async def retain(self, now: datetime) -> int:
        """Read models that grow with time."""
        return await asyncio.to_thread(prune, self._at.owner, self._settings, now)

    async def _read(self, do: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self._run, do)

    def _run(self, do: Callable[[Connection], T]) -> T:
        try:
            with reading_all(self._engine) as connection:
                return do(connection)
        except ProgrammingError as error:
            if isinstance(error.orig, UndefinedTable | UndefinedColumn):
                raise ReadModelsBehind("the read models are being built") from error
            raise

    def _check_board(self) -> None:
        with psycopg.connect(self._at.engine, connect_timeout=5) as connection:
            connection.execute(CROSS)
            board = [row for row in lag(connection) if row.name == "status_board" and row.place == "live"]
        if not board or any(row.behind_s > FLOOR_S / 2 for row in board):
            raise ReadModelsBehind("the status board is behind the log, nobody is called offline by it")


def schedule(
    jobs: Sequence[Job], ledger: JobLedger, runner: str, now: Callable[[], datetime] = clock.now
) -> AsyncIOScheduler:
    """A scheduler, not yet started, that looks for due runs; many processes may have one."""
    scheduler = AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job in jobs:
        look_s = min(job.every.total_seconds() / LOOKS, SLOWEST_LOOK_S)
        scheduler.add_job(
            run_due,
            "interval",
            seconds=look_s,
            jitter=look_s / 4,
            args=(job, ledger, runner, now),
            id=job.name,
            next_run_time=clock.now(),
        )
    return scheduler


def run_jobs(at: Addresses, settings: Settings, stop: threading.Event) -> None:
    """Run them until told to stop; the calling thread is theirs. What goes wrong at the start is tried again."""
    while not stop.is_set():
        try:
            with asyncio.Runner() as runner:
                runner.run(_run_jobs(at, settings, stop))
        except Exception:
            log.exception("the jobs could not be started, trying again in %d s", PAUSE_S)
            stop.wait(PAUSE_S)


async def _run_jobs(at: Addresses, settings: Settings, stop: threading.Event) -> None:
    core = Core(at.gateway, settings, secret_of(settings))
    engine = open_engine(at.gateway)
    link = PostgresLink(at.gateway)
    name = f"{socket.gethostname()}:{os.getpid()}"
    scheduler = schedule(Jobs(core, engine, at, settings).all, PostgresJobLedger(link), name)
    scheduler.start()
    try:
        await asyncio.to_thread(stop.wait)
    finally:
        scheduler.shutdown(wait=False)
        engine.dispose()
        await link.close()
        await core.close()
