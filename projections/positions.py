"""Where every read model stands in the log: the table `public.zeus_read_models` and its statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
from psycopg.rows import class_row

from projections.read_model import Link
from projections.row_security import as_owner, ensure_roles, protect_standing

Place: TypeAlias = Literal["live", "building"]

SCHEMAS: dict[Place, str] = {"live": "public", "building": "building"}
"""The schema whose tables a place means. Code names read-model tables without schema."""

NOWHERE = -1
"""The position of a read model whose tables could not be created yet."""

_CREATE = b"""
CREATE SCHEMA IF NOT EXISTS building;
CREATE TABLE IF NOT EXISTS public.zeus_read_models (
  name           text NOT NULL,
  place          text NOT NULL CHECK (place IN ('live', 'building')),
  version        integer NOT NULL,
  position       bigint NOT NULL,            -- the last event that is in the rows; -1: no tables yet
  state          text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'stopped')),
  tables         text[] NOT NULL,            -- what to drop when a newer version takes over
  error          text,                       -- why it stopped
  error_position bigint,                     -- the event it stopped at
  failures       integer NOT NULL DEFAULT 0, -- attempts at that event
  retry_at       timestamptz,
  updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, place)
) WITH (fillfactor = 50);
"""

_ADVANCE = b"""
UPDATE public.zeus_read_models AS r
   SET position = %s, state = 'running', error = NULL, error_position = NULL, failures = 0,
       retry_at = NULL, updated_at = clock_timestamp()
  FROM unnest(%s::text[], %s::text[], %s::integer[], %s::bigint[]) AS v(name, place, version, position)
 WHERE r.name = v.name AND r.place = v.place AND r.version = v.version AND r.position = v.position
"""

_STOP = b"""
UPDATE public.zeus_read_models
   SET state = 'stopped', error = %s, error_position = %s, failures = failures + 1,
       retry_at = clock_timestamp() + least(
           interval '5 s' * power(2, least(failures, 10)), interval '10 min'),
       updated_at = clock_timestamp()
 WHERE name = %s AND place = %s AND version = %s
"""

_ROWS = b"""
SELECT name, place, version, position, state, tables,
       state = 'running' OR coalesce(retry_at <= clock_timestamp(), true) AS due
  FROM public.zeus_read_models
"""

_LAG = b"""
WITH log AS (SELECT coalesce(max(notification_id), 0) AS head FROM eventstore.stored_events)
SELECT r.name, r.place, r.version, r.position, log.head, greatest(log.head - r.position, 0) AS behind,
       coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT e.recorded_at FROM eventstore.stored_events e
            WHERE e.notification_id > r.position ORDER BY e.notification_id LIMIT 1)), 0)::float8 AS behind_s,
       r.state, r.error, r.error_position, r.failures, r.retry_at, r.updated_at
  FROM public.zeus_read_models r CROSS JOIN log ORDER BY r.name, r.place
"""


class PositionTaken(RuntimeError):
    """Another process moved or replaced this read model meanwhile; nothing of the batch was written."""


class Standing(msgspec.Struct, frozen=True):
    """A row of the positions table, as the engine needs it."""

    name: str
    place: Place
    version: int
    position: int
    state: Literal["running", "stopped"]
    tables: list[str]
    due: bool
    """Whether it may run: not stopped, or stopped long enough to be tried again."""


class Lag(msgspec.Struct, frozen=True):
    """How a read model is doing, for readiness and metrics."""

    name: str
    place: Place
    version: int
    position: int
    head: int
    behind: int
    """Places of the log still to be read (the log's numbers may have gaps: an upper bound)."""
    behind_s: float
    """Age in seconds of the oldest event not yet in the rows, 0 when caught up."""
    state: Literal["running", "stopped"]
    error: str | None
    error_position: int | None
    failures: int
    retry_at: datetime | None
    updated_at: datetime


def ensure_positions(connection: Link) -> None:
    """Create the positions table and the schema `building`, and keep tenants apart in what stands there.

    Safe from many processes at once. Raises RolesMissing, RoleTooStrong.
    """
    with connection.transaction(), as_owner(connection):
        ensure_roles(connection)
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('zeus read models', 0))")
        connection.execute(_CREATE)
        protect_standing(connection)


def standings(connection: Link, *, name: str | None = None, lock: bool = False) -> list[Standing]:
    """All rows or those of one read model, live before building; `lock` holds them until commit."""
    where = b" WHERE name = %s ORDER BY place DESC" if name is not None else b" ORDER BY name, place DESC"
    query = _ROWS + where + (b" FOR UPDATE" if lock else b"")
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        return cursor.execute(query, [name] if name is not None else []).fetchall()


def advance(connection: Link, rows: Sequence[tuple[str, Place, int, int]], position: int) -> None:
    """Move rows (name, place, version, position so far) to `position`; raises PositionTaken."""
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    if connection.execute(_ADVANCE, [position, *columns]).rowcount != len(rows):
        raise PositionTaken(", ".join(f"{name} ({place} {version})" for name, place, version, _ in rows))


def stop(connection: Link, row: tuple[str, Place, int], error: str, error_position: int | None) -> None:
    """Record that a read model stopped, visibly, with growing pauses between attempts (5 s to 10 min)."""
    connection.execute(_STOP, [error, error_position, *row])


def enter(connection: Link, row: tuple[str, Place, int], tables: Sequence[str], position: int = 0) -> None:
    """Put a read model into the table, replacing what stood at its place."""
    connection.execute(
        "INSERT INTO public.zeus_read_models (name, place, version, position, tables) "
        "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (name, place) DO UPDATE "
        "SET version = excluded.version, position = excluded.position, "
        "tables = excluded.tables, state = 'running', error = NULL, error_position = NULL, failures = 0, "
        "retry_at = NULL, updated_at = clock_timestamp()",
        [*row, position, list(tables)],
    )


def resume(connection: Link, name: str) -> bool:
    """Let a stopped read model be tried again at once; False if none of that name is stopped."""
    cursor = connection.execute(
        "UPDATE public.zeus_read_models SET retry_at = NULL WHERE name = %s AND state = 'stopped'", [name]
    )
    return cursor.rowcount > 0


def lag(connection: Link) -> list[Lag]:
    """How far each read model is behind `eventstore.stored_events`, and why, if it stopped.

    Empty where no projector has ever run.
    """
    row = connection.execute("SELECT to_regclass('public.zeus_read_models') IS NULL").fetchone()
    if row and row[0]:  # no projector has ever run
        return []
    with connection.cursor(row_factory=class_row(Lag)) as cursor:
        return cursor.execute(_LAG).fetchall()
