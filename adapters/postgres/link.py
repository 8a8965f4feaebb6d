"""The connections of the fleet's ports to Postgres: a small pool, and bounded time for everything."""

import asyncio
import select
from collections.abc import Coroutine, Mapping
from typing import Any, LiteralString, TypeAlias, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from application.fleet import FleetUnavailable
from projections.row_security import GATEWAY

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]
Parameters: TypeAlias = Mapping[str, object]

CONNECTIONS = 4
PATIENCE_S = 5.0
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed, OSError, TimeoutError)
"""What psycopg raises where the server is gone, going, or silent."""


class PostgresLink:
    """What registry, keys, limits and post share in one process. Connects at the first use."""

    def __init__(self, dsn: str, *, connections: int = CONNECTIONS, patience_s: float = PATIENCE_S) -> None:
        """`dsn` is what libpq takes; `patience_s` the longest anybody waits."""
        self.patience_s = patience_s
        self._dsn = dsn
        self._connections = connections
        self._pool: AsyncConnectionPool[AsyncConnection[Row]] | None = None
        self._closed = False
        self._running: set[asyncio.Future[Any]] = set()

    async def rows(self, statement: LiteralString, parameters: Parameters) -> list[Row]:
        """One statement, one transaction, one round trip. Raises FleetUnavailable."""
        try:
            return await self.bounded(self._execute(statement, parameters))
        except AWAY as error:
            raise FleetUnavailable(f"Postgres does not answer: {error!s:.200}") from error

    async def connect(self, name: str) -> AsyncConnection[Row]:
        """A connection of its own for the caller, who closes it. Raises FleetUnavailable or what is in AWAY."""
        self.check_open()
        return await self.bounded(AsyncConnection.connect(**self._options(name)))

    async def bounded(self, work: Coroutine[Any, Any, T]) -> T:
        """The result, or TimeoutError when patience ends.

        psycopg asks the server to cancel and waits for it, up to ten seconds where the server is silent:
        the caller is not kept that long, the work ends by itself.
        """
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        try:
            done, _ = await asyncio.wait({task}, timeout=self.patience_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            task.cancel()
            raise TimeoutError(f"no answer within {self.patience_s} s")
        return task.result()

    async def close(self) -> None:
        """Later calls raise FleetUnavailable."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close(timeout=self.patience_s)
        if self._running:
            await asyncio.wait(self._running)

    async def _execute(self, statement: LiteralString, parameters: Parameters) -> list[Row]:
        pool = self._opened()
        if pool.closed:
            await pool.open(wait=False)
        connection = await _sound_connection(pool)
        try:
            cursor = await connection.execute(statement, parameters)
            return await cursor.fetchall() if cursor.description else []
        finally:
            await pool.putconn(connection)

    def _opened(self) -> AsyncConnectionPool[AsyncConnection[Row]]:
        self.check_open()
        if self._pool is None:
            self._pool = AsyncConnectionPool(
                kwargs=self._options("zeus fleet"),
                min_size=1,
                max_size=self._connections,
                open=False,
                timeout=self.patience_s,
                # A pool that gave up tries again at the next request; with the default it would wait minutes
                # between two attempts after a long outage.
                reconnect_timeout=2.0,
                name="zeus fleet",
            )
        return self._pool

    def _options(self, name: str) -> dict[str, Any]:
        """What the address says goes before what we would say."""
        told = conninfo_to_dict(self._dsn)
        statement_timeout = f"-c statement_timeout={round(self.patience_s * 1000)}"
        defaults: dict[str, Any] = {
            "connect_timeout": max(2, round(self.patience_s)),
            "tcp_user_timeout": 10_000,  # ms; a silent network is found out
            "keepalives_idle": 10,
            "fallback_application_name": name,
        }
        options = f"{statement_timeout} -c role={GATEWAY} {told.pop('options', '')}".strip()
        return {**defaults, **told, "options": options, "autocommit": True}

    def check_open(self) -> None:
        """Raises FleetUnavailable after `close`."""
        if self._closed:
            raise FleetUnavailable("the fleet's connections are closed")

    def _ended(self, task: asyncio.Future[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has heard of it, or has given up


async def _sound_connection(pool: AsyncConnectionPool[AsyncConnection[Row]]) -> AsyncConnection[Row]:
    """One that the server has not closed; the pool makes others in place of those that it has.

    Without it the first use of each connection would fail after a restart of Postgres; the pool's own check
    would cost a round trip each time and pause for seconds after a connection that failed it.
    """
    while _closed_by_the_server(connection := await pool.getconn()):
        await connection.close()
        await pool.putconn(connection)
    return connection


def _closed_by_the_server(connection: AsyncConnection[Row]) -> bool:
    """Nothing is to be read from a connection that was asked nothing, unless it is a goodbye."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
