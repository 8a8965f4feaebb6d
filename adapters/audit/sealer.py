"""The sealer: follows the log and seals every 256 events into a tile, off the path of any message.

Appending knows nothing of it. One works at a time (advisory lock); another takes over when its connection ends.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import Connection

from adapters.audit.log_rows import leaves_after
from adapters.audit.tiles import numbers_of, sealed
from adapters.audit.tree_schema import TILE
from domain.audit.leaf import runs_of
from domain.audit.merkle import fold

log = logging.getLogger("zeus.audit")

LOCK = "zeus.sealer"
BATCH = 32 * TILE
WAIT_S = 1.0
"""Between two looks. A tile is a promise for years, and no figure waits for it."""
PAUSE_S = 2.0

_TAKE = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))::int"
_ADD = """
    INSERT INTO audit.tiles (level, tile, root, hashes, first_position, runs) VALUES (%s, %s, %s, %s, %s, %s)
"""
# Whatever level has a full tile more below than it knows of gets it, in the same transaction.
_FULL = """
    SELECT array_agg(root ORDER BY tile) FROM (
        SELECT tile, root FROM audit.tiles WHERE level = %s AND tile >= %s ORDER BY tile LIMIT %s
    ) AS below
"""
_COUNT = "SELECT coalesce(max(tile) + 1, 0) FROM audit.tiles WHERE level = %s"


class Sealer:
    """Seals on one connection, which commits each statement by itself (autocommit)."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def lead(self) -> bool:
        """Whether we are the one who seals; never waits."""
        row = self._connection.execute(_TAKE, [LOCK]).fetchone()
        return bool(row and row[0])

    def step(self, batch: int = BATCH) -> int:
        """Seal what fills tiles, at most `batch` events; how many were sealed."""
        done = sealed(self._connection)
        news = leaves_after(self._connection, done.position, batch)
        full = len(news.hashes) // TILE
        if not full:
            return 0
        with self._connection.transaction():
            for n in range(full):
                at = n * TILE
                hashes, positions = news.hashes[at : at + TILE], news.positions[at : at + TILE]
                self._add(0, done.tiles + n, hashes, positions)
            self._add_above(0)
        return full * TILE

    def catch_up(self) -> int:
        """Seal up to the head of the log; how many events were sealed."""
        total = 0
        while sealed_now := self.step():
            total += sealed_now
        return total

    def _add_above(self, level: int) -> None:
        while True:
            number = self._count(level + 1)
            row = self._connection.execute(_FULL, [level, number * TILE, TILE], binary=True).fetchone()
            roots = row[0] if row and row[0] else []
            if len(roots) < TILE:
                return
            self._add(level + 1, number, roots, None)
            self._add_above(level + 1)

    def _count(self, level: int) -> int:
        row = self._connection.execute(_COUNT, [level]).fetchone()
        return int(row[0]) if row else 0

    def _add(self, level: int, number: int, hashes: list[bytes], positions: list[int] | None) -> None:
        first = positions[0] if positions else None
        runs = numbers_of(runs_of(positions)) if positions else None
        self._connection.execute(_ADD, [level, number, fold(hashes), b"".join(hashes), first, runs])


def seal(url: str, stop: threading.Event, between: Callable[[], None] = lambda: None) -> None:
    """Seal until told to stop; waits while another process does, and for a database that is away.

    `between` is called by the one who seals, after each look at the log.
    """
    while not stop.is_set():
        try:
            with connected(url) as connection:
                sealer = Sealer(connection)
                while not stop.is_set() and not sealer.lead():
                    stop.wait(PAUSE_S)
                while not stop.is_set():
                    behind = sealer.step() >= BATCH - TILE
                    between()
                    if not behind:  # many at once are cheaper than each at its time
                        stop.wait(WAIT_S)
        except psycopg.Error as error:
            log.warning("sealing stopped, beginning again: %r", error)
            stop.wait(PAUSE_S)


def connected(url: str) -> Connection[Any]:
    """A connection for the sealer. Its commits need no fsync: what a crash takes is sealed again from the log."""
    connection = psycopg.connect(url, autocommit=True, application_name="zeus sealer")
    connection.execute(
        "SET ROLE zeus_engine; SET synchronous_commit = off; SET tcp_keepalives_idle = 10; "
        "SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
    )
    return connection
