"""How many streams a credential and a tenant may have, over all processes: numbered seats, held by advisory locks.

A lock ends with its connection: whoever dies leaves no seat behind that nobody sits on.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import Any

import psycopg

log = logging.getLogger("zeus.live")

CONNECT_S = 5
AT_ONCE = 50
"""Seats that are tried in one question."""

_TAKE = """
    SELECT n FROM unnest(%s::int[]) AS n
    WHERE pg_try_advisory_lock(hashtextextended(%s || ' ' || n, 0)) LIMIT 1
"""
_GIVE = "SELECT pg_advisory_unlock(hashtextextended(%s || ' ' || %s::int, 0))"


class SeatsUnknown(RuntimeError):
    """The database does not answer: nobody can tell whether there is a free seat."""


class Seat:
    """One taken, in the row of the credential and in that of the tenant."""

    def __init__(self, seats: "Seats", places: Sequence[tuple[str, int]]) -> None:
        self._seats = seats
        self._places = places

    async def leave(self) -> None:
        """Somebody else may sit down; harmless where the database is away, for then all have lost their seats."""
        await self._seats.leave(self._places)


class Seats:
    """Those of one process; a connection is opened with the first stream."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="live-seats")
        self._connection: psycopg.Connection[Any] | None = None
        self._held: dict[str, set[int]] = {}
        self._last: dict[str, int] = {}
        """The seat that was taken last, by row."""

    async def take(self, rows: Sequence[tuple[str, int]]) -> Seat | str:
        """A seat in each row of (name, how many there are); the name of the full row where there is none.

        Raises SeatsUnknown.
        """
        seat: Seat | str = await self._run(self._take, rows)
        return seat

    async def leave(self, places: Sequence[tuple[str, int]]) -> None:
        """See Seat."""
        try:
            await self._run(self._leave, places)
        except SeatsUnknown as error:
            log.debug("seats were lost with their connection: %r", error)

    def close(self) -> None:
        """All seats are free."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _run(self, do: Any, what: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._guarded, do, what)

    def _guarded(self, do: Any, what: Any) -> Any:
        try:
            return do(self._open(), what)
        except (psycopg.Error, OSError) as error:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            raise SeatsUnknown from error

    def _take(self, connection: "psycopg.Connection[Any]", rows: Sequence[tuple[str, int]]) -> Seat | str:
        taken: list[tuple[str, int]] = []
        for name, most in rows:
            found = self._find(connection, name, most)
            if found is None:
                self._leave(connection, taken)
                return name
            taken.append((name, found))
        return Seat(self, taken)

    def _find(self, connection: "psycopg.Connection[Any]", name: str, most: int) -> int | None:
        """Behind the seat taken last there is mostly a free one: a row is not looked through for each who comes."""
        held = self._held.setdefault(name, set())
        last = self._last.get(name, 0)
        free = (n for n in chain(range(last + 1, most + 1), range(1, min(last, most) + 1)) if n not in held)
        while some := list(islice(free, AT_ONCE)):
            found = connection.execute(_TAKE, [some, f"zeus stream {name}"]).fetchone()
            if found is not None:
                held.add(found[0])
                self._last[name] = found[0]
                return int(found[0])
        return None

    def _leave(self, connection: "psycopg.Connection[Any]", places: Sequence[tuple[str, int]]) -> None:
        for name, n in places:
            self._held.get(name, set()).discard(n)
            if not self._held.get(name):
                self._held.pop(name, None)
                self._last.pop(name, None)
            connection.execute(_GIVE, [f"zeus stream {name}", n])

    def _open(self) -> "psycopg.Connection[Any]":
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._dsn, autocommit=True, application_name="zeus streams", connect_timeout=CONNECT_S
            )
            for (
                name,
                numbers,
            ) in self._held.items():  # where somebody was quicker, there is one too many for a while
                for n in sorted(numbers):
                    self._connection.execute(_TAKE, [[n], f"zeus stream {name}"])
        return self._connection
