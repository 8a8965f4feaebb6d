"""The database as the web side reads it: for one tenant at a time, a small pool, bounded time for everything."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg.errors import QueryCanceled, UndefinedColumn, UndefinedTable
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapters.http.problems import Problem
from projections.row_security import CROSS, ENTER

log = logging.getLogger("zeus.http")

T = TypeVar("T")

CONNECTIONS = 4
CONNECT_S = 3
STATEMENT_S = 5
PATIENCE_S = 8.0
"""The longest anybody waits for an answer, whatever hangs."""
WAITING = 64
"""Queries that may wait for a thread; more are refused at once."""


def open_engine(dsn: str, *, connections: int = CONNECTIONS, statement_s: float = STATEMENT_S) -> Engine:
    """An engine for reading: connects at the first use, can change nothing, gives up after `statement_s`.

    `dsn` is what libpq takes. All statements of one reading see one state of the database, and of that the rows of
    whom they read for: read with `reading_for` or `reading_all`, for a connection as such sees no rows.
    """
    options = (
        f"-c statement_timeout={int(statement_s * 1000)} -c timezone=UTC -c search_path=public "
        "-c default_transaction_read_only=on"
    )

    def connect() -> psycopg.Connection[tuple[object, ...]]:
        connection = psycopg.connect(
            dsn,
            connect_timeout=CONNECT_S,
            options=options,
            application_name="zeus-api",
            tcp_user_timeout=int(PATIENCE_S * 1000),
        )
        try:
            connection.execute("SET ROLE zeus_gateway")
            connection.commit()
        except BaseException:
            connection.close()
            raise
        return connection

    return create_engine(
        "postgresql+psycopg://",
        creator=connect,
        isolation_level="REPEATABLE READ",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=CONNECT_S,
        pool_pre_ping=True,
    )


@contextmanager
def reading_for(engine: Engine, tenant: str) -> Iterator[Connection]:
    """A connection that sees the rows of one tenant, whatever is asked of it."""
    with engine.connect() as connection:
        connection.exec_driver_sql(ENTER, (tenant,))
        yield connection


@contextmanager
def reading_all(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the rows of everybody, for upkeep and what is of the installation as a whole.

    The process has recorded that it does so (`entrypoints.crossing`).
    """
    with engine.connect() as connection:
        connection.exec_driver_sql(CROSS)
        yield connection


class Database:
    """Runs readings in threads, so that the loop of the chargers never waits for a query."""

    def __init__(self, engine: Engine, *, threads: int = CONNECTIONS, patience_s: float = PATIENCE_S) -> None:
        """The engine stays the caller's."""
        self.engine = engine
        self._patience_s = patience_s
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="api-reader")
        self.waiting = 0
        """Readings asked for and not yet answered."""

    async def read(self, do: Callable[[Connection], T], tenant: str) -> T:
        """Run `do` with a connection that sees the rows of this tenant alone.

        Raises a 503 Problem when the database is away, busy or too slow.
        """
        return await self._bounded(partial(self._read, do, tenant))

    async def read_all(self, do: Callable[[Connection], T]) -> T:
        """The same over the rows of every tenant: what is asked must be of the installation as a whole."""
        return await self._bounded(partial(self._read_all, do))

    async def _bounded(self, run: Callable[[], T]) -> T:
        if self.waiting >= WAITING:
            raise Problem("overloaded", "Too many queries are waiting. Ask again a little later.")
        self.waiting += 1
        try:
            async with asyncio.timeout(self._patience_s):
                return await asyncio.get_running_loop().run_in_executor(self._pool, run)
        except TimeoutError as error:
            log.warning("no answer from the database for %s s", self._patience_s)
            raise Problem("database_unavailable", "The database did not answer in time.") from error
        except (DBAPIError, PoolTimeout) as error:
            raise _in_our_words(error) from error
        finally:
            self.waiting -= 1

    def close(self) -> None:
        """Let the threads go; readings under way end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, do: Callable[[Connection], T], tenant: str) -> T:
        with reading_for(self.engine, tenant) as connection:
            return do(connection)

    def _read_all(self, do: Callable[[Connection], T]) -> T:
        with reading_all(self.engine) as connection:
            return do(connection)


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection that SQLAlchemy holds."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"the API reads with psycopg, not with {type(driver).__name__}")
    return driver


def _in_our_words(error: SQLAlchemyError) -> Exception:
    """What the caller is told; an error in our own SQL stays what it is."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, QueryCanceled):
        log.warning("a query took too long: %s", error)
        return Problem("too_slow", "The query took too long. Narrow it down, such as by charger or by time.")
    if isinstance(cause, UndefinedTable | UndefinedColumn):
        log.warning("a read model is missing: %s", cause)
        return Problem("not_built", "The read models are being built. Ask again a little later.")
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError | PoolTimeout):
        log.warning("the database is not available: %s", cause)
        return Problem("database_unavailable", "The database does not answer. Ask again a little later.")
    return error
