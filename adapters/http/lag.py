"""How far the read models are behind the log, read at most once a second however many ask."""

import asyncio
from collections.abc import Sequence

import psycopg
from sqlalchemy import Connection

from adapters.http.database import Database
from application import clock
from projections.positions import Lag
from projections.positions import lag as read_lag

FRESH_S = 1.0


class LagWatch:
    """Shares one reading among health checks, scrapes and the front page."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read_at = float("-inf")
        self._lags: Sequence[Lag] = ()
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
        self._lags = await self._database.read_all(lags)
        self._read_at = clock.monotonic()
        return self._lags

    def _done(self, task: asyncio.Task[Sequence[Lag]]) -> None:
        """The error is for those who wait; if nobody does any more, it is nobody's."""
        self._reading = None
        if not task.cancelled():
            task.exception()


def lags(connection: Connection) -> list[Lag]:
    """The engine's own reading, over the connection that SQLAlchemy holds."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"the API reads with psycopg, not with {type(driver).__name__}")
    return read_lag(driver)
