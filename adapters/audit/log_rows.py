"""The log as it is stored: rows for whoever hashes them himself, and leaves hashed where the rows are."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from adapters.eventstore import schema
from domain.audit.leaf import StoredRow

_EVENTS = Identifier(schema.SCHEMA, schema.EVENTS)
PAGE = 4096
"""Rows held in memory at once."""

# pg_catalog by name: nobody can put a function of his own before it.
_MICROSECONDS = SQL("(pg_catalog.extract('epoch', recorded_at) * 1000000)::bigint")
_LEAF = SQL(r"""
    pg_catalog.sha256('\x0001'::bytea
        || pg_catalog.int8send(notification_id)
        || pg_catalog.int4send(pg_catalog.octet_length(originator_id))
        || pg_catalog.convert_to(originator_id, 'UTF8')
        || pg_catalog.int8send(originator_version)
        || pg_catalog.int4send(pg_catalog.octet_length(topic))
        || pg_catalog.convert_to(topic, 'UTF8')
        || pg_catalog.int4send(pg_catalog.octet_length(state))
        || state
        || pg_catalog.int8send({us}))
""").format(us=_MICROSECONDS)
"""`domain.audit.leaf` in SQL, for the sealer: the rows need not leave the server for it. A test keeps them the same."""

_LEAVES = SQL("""
    SELECT array_agg(position ORDER BY position), string_agg(leaf, ''::bytea ORDER BY position)
      FROM (SELECT notification_id AS position, {leaf} AS leaf FROM {events}
             WHERE notification_id > %s ORDER BY notification_id LIMIT %s) AS news
""").format(leaf=_LEAF, events=_EVENTS)
_COLUMNS = SQL("notification_id, originator_id, originator_version, topic, state, {us}").format(
    us=_MICROSECONDS
)
_ROWS = SQL("""
    SELECT {columns} FROM {events} WHERE notification_id > %s AND notification_id <= %s
     ORDER BY notification_id LIMIT %s
""").format(columns=_COLUMNS, events=_EVENTS)
_SOME = SQL("SELECT {columns} FROM {events} WHERE notification_id = ANY(%s) ORDER BY notification_id").format(
    columns=_COLUMNS, events=_EVENTS
)
_HEAD = SQL("SELECT coalesce(max(notification_id), 0) FROM {events}").format(events=_EVENTS)
_GAPS = SQL("""
    SELECT originator_id, min(originator_version), max(originator_version), count(*) FROM {events}
     GROUP BY originator_id HAVING min(originator_version) <> 1 OR max(originator_version) <> count(*)
     ORDER BY originator_id LIMIT %s
""").format(events=_EVENTS)


class Leaves(NamedTuple):
    """Leaves in the order of the log."""

    positions: list[int]
    hashes: list[bytes]


def leaves_after(connection: Connection[Any], position: int, limit: int) -> Leaves:
    """At most `limit` leaves behind `position`, hashed by the server."""
    row = connection.execute(_LEAVES, [position, limit], binary=True).fetchone()
    if row is None or row[0] is None:
        return Leaves([], [])
    positions, hashes = row
    return Leaves(list(positions), split(hashes))


def split(hashes: bytes) -> list[bytes]:
    """32 bytes each."""
    return [hashes[at : at + 32] for at in range(0, len(hashes), 32)]


def rows_between(
    connection: Connection[Any], after: int, upto: int, page: int = PAGE
) -> Iterator[list[StoredRow]]:
    """The rows behind `after` up to and with `upto`, page by page in the order of the log."""
    while True:
        rows = [StoredRow(*row) for row in connection.execute(_ROWS, [after, upto, page], binary=True)]
        if rows:
            yield rows
        if len(rows) < page:
            return
        after = rows[-1].position


def rows_at(connection: Connection[Any], positions: Sequence[int]) -> list[StoredRow]:
    """The rows with these positions; those that are not there are left out."""
    return [StoredRow(*row) for row in connection.execute(_SOME, [list(positions)], binary=True)]


def head(connection: Connection[Any]) -> int:
    """The position of the newest event; 0 where there is none."""
    return int(connection.execute(_HEAD).fetchone()[0])  # type: ignore[index]  # one row, always


class StreamGap(NamedTuple):
    """A stream whose versions do not count from 1 without gaps."""

    stream: str
    first: int
    last: int
    events: int


def stream_gaps(connection: Connection[Any], limit: int = 100) -> list[StreamGap]:
    """Streams that miss a version; there must be none."""
    return [StreamGap(*row) for row in connection.execute(_GAPS, [limit])]
