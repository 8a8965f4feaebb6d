"""The log as projections read it: `eventstore.stored_events` in notification order, followed by NOTIFY."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, LiteralString, TypeAlias

import psycopg
from psycopg.sql import SQL, Identifier

from domain.event import Event, Fact, Recorded
from projections.read_model import LogItem, Unreadable
from projections.row_security import ENGINE

Decode: TypeAlias = Callable[[str, bytes, str, int], Event[Fact]]
"""(topic, state, stream, version) → event; raises if it cannot be read back."""

_READ: LiteralString = (
    "SELECT notification_id, topic, state, originator_id, originator_version FROM {table} "
    "WHERE notification_id > %s AND notification_id <= %s {only} ORDER BY notification_id LIMIT %s"
)


class PostgresLog:
    """A LogReader on a connection of its own, opened at first use and again after `close`; it reads as the engine.

    Writers of the log hold one lock until they commit, so events become visible in the order of their
    numbers and a reader that has seen n never misses one below n.
    """

    def __init__(
        self,
        dsn: str,
        decode: Decode,
        *,
        channel: str = "stored_events",
        table: tuple[str, str] = ("eventstore", "stored_events"),
        former: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`former` gives the older stored names of a topic whose events are upcast to it."""
        self._dsn = dsn
        self._decode = decode
        self._channel = channel
        self._former = former or {}
        self._current = {old: topic for topic, olds in self._former.items() for old in olds}
        self._connection: psycopg.Connection[Any] | None = None
        name = Identifier(*table)
        self._head = SQL("SELECT coalesce(max(notification_id), 0) FROM {table}").format(table=name)
        self._read_all = SQL(_READ).format(table=name, only=SQL(""))
        self._read_some = SQL(_READ).format(table=name, only=SQL("AND topic = ANY(%s)"))

    def read(
        self, after: int, upto: int, limit: int, topics: frozenset[str] | None = None
    ) -> Sequence[LogItem]:
        """Events in order; one that cannot be decoded comes as Unreadable in its place."""
        if topics is None:
            rows = self._open().execute(self._read_all, [after, upto, limit], binary=True)
        else:
            names = [name for topic in sorted(topics) for name in (topic, *self._former.get(topic, ()))]
            rows = self._open().execute(self._read_some, [after, upto, names, limit], binary=True)
        return [self._item(*row) for row in rows]

    def head(self) -> int:
        """The position of the last committed event."""
        row = self._open().execute(self._head).fetchone()
        return int(row[0]) if row else 0

    def wait(self, timeout_s: float) -> None:
        """Listen; NOTIFYs that came during a read count too."""
        for _ in self._open().notifies(timeout=timeout_s, stop_after=1):
            pass

    def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _item(self, position: int, topic: str, state: bytes, stream: str, version: int) -> LogItem:
        try:
            return Recorded(position, self._decode(topic, state, stream, version))
        except Exception as error:  # noqa: BLE001 - the border of projections: what is stored may be anything
            told = f"{stream} v{version}: {type(error).__name__}: {error}"
            return Unreadable(position, self._current.get(topic, topic), told)

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            connection = psycopg.connect(self._dsn, autocommit=True, application_name="zeus log reader")
            listen = SQL("SET ROLE {}; LISTEN {}").format(Identifier(ENGINE), Identifier(self._channel))
            try:
                connection.execute(listen)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection
