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
    """Shares one reading among health checks, scrapes and callers of the API."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read_at = float("-inf")
        self._lags: Sequence[Lag] = ()
        self._reading = asyncio.Lock()

    async def read(self) -> Sequence[Lag]:
        """One row for each read model and place; raises a 503 Problem when the database is away."""
        async with self._reading:
            if clock.monotonic() - self._read_at > FRESH_S:
                self._lags = await self._database.read(lags)
                self._read_at = clock.monotonic()
            return self._lags


def lags(connection: Connection) -> list[Lag]:
    """The engine's own reading, over the connection that SQLAlchemy holds."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"the API reads with psycopg, not with {type(driver).__name__}")
    return read_lag(driver)
