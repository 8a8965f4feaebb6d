"""How read models and jobs are doing, read at most once a second however many ask."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import Connection

from adapters.http.database import Database, driver_of
from adapters.postgres.job_ledger import RECORDS, record_of
from application import clock
from application.jobs import JobRecord
from projections.positions import Lag
from projections.positions import lag as read_lag

FRESH_S = 1.0


class LagWatch:
    """Shares one reading among health checks, scrapes and the front page."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read_at = float("-inf")
        self._lags: Sequence[Lag] = ()
        self.jobs: Sequence[JobRecord] = ()
        """As they were read with the newest lags."""
        self._reading: asyncio.Task[Sequence[Lag]] | None = None

    async def read(self) -> Sequence[Lag]:
        """One row for each read model and place; raises a 503 Problem when the database is away.

        Who asks while a reading is under way waits for that one: nobody queues behind a database that hangs.
        """
        if clock.monotonic() - self._read_at <= FRESH_S:
            return self._lags
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(self._done)
        return await asyncio.shield(self._reading)

    async def _read(self) -> Sequence[Lag]:
        self._lags, self.jobs = await self._database.read_all(_standings)
        self._read_at = clock.monotonic()
        return self._lags

    def _done(self, task: asyncio.Task[Sequence[Lag]]) -> None:
        """The error is for those who wait; if nobody does any more, it is nobody's."""
        self._reading = None
        if not task.cancelled():
            task.exception()


def _standings(connection: Connection) -> tuple[Sequence[Lag], Sequence[JobRecord]]:
    return lags(connection), job_records(connection)


def job_records(connection: Connection) -> list[JobRecord]:
    """The ledger of jobs; empty before the first `zeus serve`."""
    if connection.exec_driver_sql("SELECT to_regclass('fleet.jobs')").scalar() is None:
        return []
    return [record_of(tuple(row)) for row in connection.exec_driver_sql(RECORDS)]


def lags(connection: Connection) -> list[Lag]:
    """The engine's own reading, over the connection that SQLAlchemy holds."""
    return read_lag(driver_of(connection))
