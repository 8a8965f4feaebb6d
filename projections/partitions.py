"""Native range partitions over a time column: made before rows need them, dropped when they are old.

No DEFAULT partition: one full of strays blocks every new one. Hence the read model brings the charger's
clock into a sane window before it chooses a row's time.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from psycopg.sql import SQL, Identifier, Literal

from projections.read_model import Link
from projections.row_security import as_owner, protect_partition

WEEK = timedelta(days=7)
"""The usual step; one day above two million rows a day."""

_ORIGIN = datetime(2000, 1, 3, tzinfo=UTC)  # a Monday

_ATTACHED = """
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), i.inhdetachpending
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = to_regclass(%s) ORDER BY c.relname
"""

_PRESENT = """
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), false
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = to_regclass(%s) AND c.relname = ANY(%s) AND NOT i.inhdetachpending
"""

_LEFT_BEHIND = """
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass(%s))
   AND c.relname ~ %s AND NOT c.relispartition AND c.relkind = 'r'
"""

_BOUNDS = re.compile(r"FROM \('([^']+)'\) TO \('([^']+)'\)")


class Partition(msgspec.Struct, frozen=True):
    """A partition: rows with `begin` ≤ time < `end`."""

    name: str
    begin: datetime
    end: datetime
    detaching: bool = False
    """A DETACH CONCURRENTLY was cut off; its rows are no longer seen through the table."""


def ensure_partitions(
    connection: Link, table: str, moments: Iterable[datetime], *, step: timedelta = WEEK
) -> int:
    """Make the partitions that rows at `moments` need, in the schema the table is in; returns how many.

    Cheap when they exist (one query). Runs in the caller's transaction; ATTACH locks out no reader or writer.
    """
    starts = {_ORIGIN + (moment - _ORIGIN) // step * step for moment in moments}
    if not starts:
        return 0
    names = [_name(table, start, step) for start in starts]
    rows = connection.execute(_PRESENT, [_quoted(table), names]).fetchall()
    # One of that name may be shorter, from the days of another step.
    whole = {partition.begin for partition in _read(rows) if partition.end >= partition.begin + step}
    return sum(_make_between(connection, table, start, step) for start in sorted(starts - whole))


def partitions(connection: Link, table: str) -> list[Partition]:
    """The partitions of the table, oldest first."""
    return _read(connection.execute(_ATTACHED, [_quoted(table)]).fetchall())


def _read(rows: Iterable[Any]) -> list[Partition]:
    found = []
    for name, bound, detaching in rows:
        if match := _BOUNDS.search(bound or ""):
            found.append(Partition(name, _instant(match[1]), _instant(match[2]), detaching))
    return sorted(found, key=lambda partition: partition.begin)


def expired_partitions(connection: Link, table: str, before: datetime) -> Sequence[Partition]:
    """Partitions that hold nothing at or after `before`."""
    return [partition for partition in partitions(connection, table) if partition.end <= before]


def drop_expired(connection: Link, table: str, before: datetime) -> int:
    """Drop expired partitions without locking out readers; `connection` must be in autocommit.

    Finishes what an earlier call that was cut off left behind. Returns how many were dropped.
    """
    schema = _schema_of(connection, table)
    expired = expired_partitions(connection, table, before)
    for partition in expired:
        way = "FINALIZE" if partition.detaching else "CONCURRENTLY"
        names = {"table": Identifier(schema, table), "part": Identifier(schema, partition.name)}
        connection.execute(SQL("ALTER TABLE {table} DETACH PARTITION {part} " + way).format(**names))
        connection.execute(SQL("DROP TABLE {part}").format(**names))
    pattern = f"^{re.escape(table)}_p[0-9]{{8}}(_[0-9]{{4}})?$"
    leftovers = connection.execute(_LEFT_BEHIND, [_quoted(table), pattern]).fetchall()
    for (name,) in leftovers:
        connection.execute(SQL("DROP TABLE {}").format(Identifier(schema, name)))
    return len(expired) + len(leftovers)


def _make_between(connection: Link, table: str, start: datetime, step: timedelta) -> int:
    """Make one step's partition, or what an earlier, other step left free of it."""
    pieces = [(start, start + step)]
    for other in partitions(connection, table):
        pieces = [free for piece in pieces for free in _outside(piece, other)]
    for begin, end in pieces:
        with as_owner(connection):
            _make(connection, table, _name(table, begin, step), begin, end)
    return len(pieces)


def _outside(piece: tuple[datetime, datetime], other: Partition) -> list[tuple[datetime, datetime]]:
    begin, end = piece
    if other.end <= begin or end <= other.begin:
        return [piece]
    return [free for free in ((begin, other.begin), (other.end, end)) if free[0] < free[1]]


def _make(connection: Link, table: str, name: str, begin: datetime, end: datetime) -> None:
    """CREATE and ATTACH instead of PARTITION OF, which would lock out every reader of the table."""
    schema = _schema_of(connection, table)
    names = {
        "table": Identifier(schema, table),
        "part": Identifier(schema, name),
        "begin": Literal(begin.isoformat()),
        "end": Literal(end.isoformat()),
    }
    # A table of this name that is no partition is what an interrupted drop of an expired one left.
    connection.execute(SQL("DROP TABLE IF EXISTS {part}").format(**names))
    connection.execute(
        SQL("CREATE TABLE {part} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)").format(**names)
    )
    connection.execute(
        SQL("ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ({begin}) TO ({end})").format(
            **names
        )
    )
    protect_partition(connection, schema, name)


def _schema_of(connection: Link, table: str) -> str:
    row = connection.execute(
        "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.oid = to_regclass(%s)",
        [_quoted(table)],
    ).fetchone()
    if row is None:
        raise LookupError(f"no table {table} in the search_path")
    return str(row[0])


def _name(table: str, begin: datetime, step: timedelta) -> str:
    whole_days = step % timedelta(days=1) == timedelta(0)
    return f"{table}_p{begin:%Y%m%d}" if whole_days and begin.hour == 0 else f"{table}_p{begin:%Y%m%d_%H%M}"


def _quoted(table: str) -> str:
    return '"' + table.replace('"', '""') + '"'


def _instant(text: str) -> datetime:
    """Postgres prints bounds in the session's time zone, with its offset: `2026-01-05 00:00:00+00`."""
    return datetime.fromisoformat(text).astimezone(UTC)
