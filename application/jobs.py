"""Scheduled jobs: which of many processes does a run, and when each job last succeeded."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from application import clock
from application.fleet import FleetUnavailable

log = logging.getLogger("zeus.jobs")

LEASE = timedelta(seconds=30)
"""A run whose process died is taken over after so long; while it lives it renews its lease three times as often."""

AGAIN = timedelta(seconds=10)
"""So long a run waits for what was not there yet."""


class NotYet(RuntimeError):
    """What a job needs is not there yet; the run is over, and another one is tried soon."""


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one job."""

    name: str
    due_at: datetime
    """When the next run may begin."""
    runner: str
    """The process that does the present run, or did the last one."""
    running_since: datetime | None
    last_success_at: datetime | None
    last_did: int
    """How many things the last successful run changed."""
    last_error: str
    """Why the newest run failed; empty where it did not."""
    last_error_at: datetime | None
    runs: int
    failures: int


class JobLedger(Protocol):
    """Of many processes that would do a run of a job, one does. Every method may raise FleetUnavailable."""

    async def claim(self, job: str, now: datetime, every: timedelta, runner: str) -> bool:
        """Is a run due, and is it `runner`'s to do? The next is due `every` later, whatever comes of this one."""
        ...

    async def renew(self, job: str, now: datetime, runner: str) -> bool:
        """The run goes on; False where it is no longer `runner`'s, as its lease ran out and another began."""
        ...

    async def finish(
        self,
        job: str,
        now: datetime,
        runner: str,
        *,
        did: int = 0,
        error: str = "",
        again_at: datetime | None = None,
    ) -> None:
        """The run is over; with `error` it failed, and `again_at` is when to try again where that is not to wait
        for the next run. Of a runner that lost its lease nothing is taken."""
        ...

    async def records(self) -> list[JobRecord]:
        """All jobs that ever ran, by name."""
        ...


class Job(NamedTuple):
    """A scheduled job."""

    name: str
    every: timedelta
    do: Callable[[datetime], Awaitable[int]]
    """Given our clock, returns how many things it changed; harmless when it runs twice, or twice at once."""


async def run_due(
    job: Job, ledger: JobLedger, runner: str, now: Callable[[], datetime] = clock.now
) -> int | None:
    """Do the run of `job` that is due, if it is this process's to do; returns what it changed, None where nothing
    was run or the run failed. An error ends this run alone: it stands in the ledger, and the next run comes.
    """
    try:
        if not await ledger.claim(job.name, now(), job.every, runner):
            return None
    except FleetUnavailable as error:
        log.warning("whether %s is due cannot be told: %s", job.name, error)
        return None
    did, error_text, again_at = 0, "", None
    holding = asyncio.create_task(_hold(job, ledger, runner, now))
    try:
        did = await job.do(now())
    except NotYet as error:
        error_text, again_at = str(error), now() + min(job.every, AGAIN)
        log.debug("the job %s has to wait: %s", job.name, error)
    except Exception as error:  # the border of a job
        error_text = f"{type(error).__name__}: {error}"
        log.exception("the job %s failed, it runs again in %s", job.name, job.every)
    finally:
        holding.cancel()
    try:
        await ledger.finish(job.name, now(), runner, did=did, error=error_text, again_at=again_at)
    except FleetUnavailable as error:
        log.warning("the end of %s is not in the ledger: %s", job.name, error)
    return None if error_text else did


async def _hold(job: Job, ledger: JobLedger, runner: str, now: Callable[[], datetime]) -> None:
    """Renew the lease while the run goes on."""
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        try:
            if not await ledger.renew(job.name, now(), runner):
                log.warning("the run of %s took so long that another process does it as well", job.name)
                return
        except FleetUnavailable as error:
            log.warning("the lease of %s cannot be renewed: %s", job.name, error)
