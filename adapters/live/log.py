"""The log as live streams read it: the events of some tenants, in order of position.

The connections opened here read across tenants, and hand nothing on without its tenant.
"""

from collections.abc import Collection, Sequence
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.sql import SQL, Identifier

CONNECT_S = 5
WINDOW = 20_000
"""Positions that one statement looks at: a tenant of whom there is little does not keep the database busy."""

_READ: LiteralString = (
    "SELECT notification_id, topic, state, originator_id, originator_version FROM {table} "
    "WHERE notification_id > %s AND notification_id <= %s AND tenant = ANY(%s) AND topic <> ALL(%s) "
    "ORDER BY notification_id LIMIT %s"
)


class Row(NamedTuple):
    """An event as it is stored."""

    position: int
    topic: str
    state: bytes
    stream: str
    version: int


class Rows(NamedTuple):
    """Events, and how far the log is known by them."""

    rows: Sequence[Row]
    upto: int


class LiveLog:
    """On a connection of its own, opened at first use and again after `close`; for one thread at a time."""

    def __init__(
        self,
        dsn: str,
        *,
        channel: str = "stored_events",
        table: tuple[str, str] = ("eventstore", "stored_events"),
    ) -> None:
        self._dsn = dsn
        self._channel = channel
        self._connection: psycopg.Connection[Any] | None = None
        name = Identifier(*table)
        self._head = SQL("SELECT coalesce(max(notification_id), 0) FROM {table}").format(table=name)
        self._oldest = SQL("SELECT coalesce(min(notification_id), 0) FROM {table}").format(table=name)
        self._read = SQL(_READ).format(table=name)

    def read(
        self, after: int, upto: int, limit: int, tenants: Collection[str], without: Collection[str]
    ) -> Rows:
        """At most `limit` events with `after` < position ≤ `upto`, of these tenants and not of these topics."""
        end = min(upto, after + WINDOW)
        found = self._open().execute(
            self._read, [after, end, list(tenants), list(without), limit], binary=True
        )
        rows = [Row(*row) for row in found]
        return Rows(rows, rows[-1].position if len(rows) == limit else end)

    def head(self) -> int:
        """The position of the last event."""
        return self._number(self._head)

    def oldest(self) -> int:
        """The position of the first event that is kept; 0 for an empty log."""
        return self._number(self._oldest)

    def wait(self, timeout_s: float) -> None:
        """Listen; NOTIFYs that came during a read count too."""
        for _ in self._open().notifies(timeout=timeout_s, stop_after=1):
            pass

    def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _number(self, statement: Any) -> int:
        row = self._open().execute(statement).fetchone()
        return int(row[0]) if row else 0

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            connection = psycopg.connect(
                self._dsn, autocommit=True, application_name="zeus live", connect_timeout=CONNECT_S
            )
            connection.execute(
                "SET ROLE zeus_engine"
            )  # every tenant's events, told to each tenant's own listeners
            connection.execute(SQL("LISTEN {}").format(Identifier(self._channel)))
            self._connection = connection
        return self._connection
