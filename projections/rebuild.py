"""A read model built anew from the log beside the live one, and put in its place in one transaction."""

import hashlib
import time
from collections.abc import Callable, Sequence

import msgspec
import psycopg
from psycopg.sql import SQL, Identifier

from domain.event import Recorded
from projections.advance import Run, advance_together, apply
from projections.leadership import Leadership
from projections.positions import SCHEMAS, PositionTaken, Standing, enter, standings
from projections.read_model import Link, LogReader, ReadModel
from projections.schemas import create_tables_at, drop_tables_at, move_to_live, table_names

_LOCK_TIMEOUT = "500ms"
"""A swap waits no longer than this for a reader's long query, and keeps no other reader waiting longer.
Below `deadlock_timeout`, so that a reader is never the one to be cancelled."""

_SWAP_PAUSE_S = 1.0
BATCH = 10_000
"""Events in a transaction: more are a little faster, and hold more memory."""

_FEW = 20
"""Events looked at to see whether the live rows are level with a build."""


class RebuildUnderway(RuntimeError):
    """This read model is being built by another process; wait for it or stop that process."""


class RebuildStopped(RuntimeError):
    """The rebuild met an event it cannot take; the live rows are as they were. See `zeus_read_models`."""


class LogEndsEarlier(RuntimeError):
    """The live rows know more than the log that is read, an archive for instance; they stay as they were."""


class Progress(msgspec.Struct, frozen=True):
    """How far a rebuild is."""

    position: int
    head: int
    """Where the log ends at this moment; the total of a progress bar."""
    events_per_s: float
    """Places of the log passed per second since this call began."""


class TableCount(msgspec.Struct, frozen=True):
    """One table: its rows and a hash over all of them in any order."""

    table: str
    rows: int
    hash: int


class TableDifference(msgspec.Struct, frozen=True):
    """One table, live and rebuilt: rows and a hash over all rows in any order."""

    table: str
    live_rows: int
    live_hash: int
    built_rows: int
    built_hash: int

    @property
    def same(self) -> bool:
        """Whether the two hold the same rows."""
        return (self.live_rows, self.live_hash) == (self.built_rows, self.built_hash)


class Rebuilt(msgspec.Struct, frozen=True):
    """What a rebuild came to."""

    position: int
    version: int
    counts: tuple[TableCount, ...] = ()
    """What was built, where it was asked to be verified."""
    tables: tuple[TableDifference, ...] = ()
    """The comparison with the rows that were live until then, where it was asked for and possible."""

    @property
    def checksum(self) -> str:
        """Of all that was built: equal for equal rows in whatever database; empty where none was asked for."""
        lines = "".join(f"{one.table} {one.rows} {one.hash}\n" for one in self.counts)
        return hashlib.sha256(lines.encode()).hexdigest() if lines else ""


def begin_live(connection: Link, model: ReadModel) -> None:
    """Empty live tables, at position 0: the first version ever, with nothing to keep readable meanwhile."""
    with connection.transaction():
        create_tables_at(connection, model, "live")
        enter(connection, (model.name, "live", model.version), table_names(model))


def begin_build(connection: Link, model: ReadModel) -> None:
    """Empty tables of `model` in schema `building`, at position 0; an older unfinished build is dropped."""
    with connection.transaction():
        for row in standings(connection, name=model.name, lock=True):
            if row.place == "building":
                drop_tables_at(connection, row.tables, "building")
        drop_tables_at(connection, table_names(model), "building")
        create_tables_at(connection, model, "building")
        enter(connection, (model.name, "building", model.version), table_names(model))


def rebuild(
    connection: Link,
    log: LogReader,
    model: ReadModel,
    on_progress: Callable[[Progress], None],
    *,
    verify: bool = False,
    fresh: bool = False,
    batch: int = BATCH,
) -> Rebuilt:
    """Build `model` from the first event and swap it in; a build that was cut off is resumed unless `fresh`.

    May run beside a projector, which follows the live rows until the swap. `connection` is one of
    `connect_projector`'s. `verify` compares with the live rows, which stand still meanwhile. Raises
    RebuildUnderway, RebuildStopped, LogEndsEarlier.
    """
    built = rebuild_together(connection, log, [model], on_progress, verify=verify, fresh=fresh, batch=batch)
    return built[model.name]


def rebuild_together(
    connection: Link,
    log: LogReader,
    models: Sequence[ReadModel],
    on_progress: Callable[[Progress], None],
    *,
    verify: bool = False,
    fresh: bool = False,
    batch: int = BATCH,
) -> dict[str, Rebuilt]:
    """The same with several, which read the log once for all of them; by their names.

    Raises RebuildUnderway, RebuildStopped, LogEndsEarlier with the name of the one. Where one is stopped by an event
    the others go on, and are swapped in before that is raised.
    """
    leadership = Leadership(connection)
    try:
        for model in models:
            if not leadership.take(model.name, "building"):
                raise RebuildUnderway(model.name)
        runs = [_resumed(connection, model, fresh=fresh) for model in models]
        built: dict[str, Rebuilt] = {}
        while waiting := [run for run in runs if run.model.name not in built and not run.stopped]:
            _follow(connection, log, waiting, on_progress, batch)
            try:
                for run in (run for run in waiting if not run.stopped):
                    built[run.model.name] = swap(connection, log, run, batch=batch, verify=verify)
            except psycopg.errors.LockNotAvailable:  # a long query has the live tables
                time.sleep(_SWAP_PAUSE_S)
        if stopped := next((run for run in runs if run.stopped), None):
            raise RebuildStopped(stopped.model.name)
        return built
    finally:
        if not connection.closed:
            leadership.keep(set())


def abandon(connection: Link, name: str) -> bool:
    """Drop an unfinished build of a read model, for instance one that stopped; False if there is none.

    Raises RebuildUnderway while a process works on it.
    """
    leadership = Leadership(connection)
    if not leadership.take(name, "building"):
        raise RebuildUnderway(name)
    try:
        with connection.transaction():
            rows = [row for row in standings(connection, name=name, lock=True) if row.place == "building"]
            for row in rows:
                drop_tables_at(connection, row.tables, "building")
            connection.execute(
                "DELETE FROM public.zeus_read_models WHERE name = %s AND place = 'building'", [name]
            )
        return bool(rows)
    finally:
        leadership.keep(set())


def _resumed(connection: Link, model: ReadModel, *, fresh: bool) -> Run:
    for row in standings(connection, name=model.name):
        if row.place == "building" and row.version == model.version and row.position >= 0 and not fresh:
            return Run(model, "building", row.position)
    begin_build(connection, model)
    return Run(model, "building", 0)


def _follow(
    connection: Link, log: LogReader, runs: Sequence[Run], on_progress: Callable[[Progress], None], batch: int
) -> None:
    """Bring all to the head of the log but those that an event stops; who was resumed further on waits for others."""
    began, first, going = time.monotonic(), min(run.position for run in runs), list(runs)
    while going and (position := min(run.position for run in going)) < (head := log.head()):
        group = [run for run in going if run.position == position]
        meeting = min([head, *(run.position for run in going if run.position > position)])
        items = log.read(
            position, meeting, batch, frozenset[str]().union(*(run.model.topics for run in group))
        )
        upto = items[-1].position if len(items) == batch else meeting
        advance_together(connection, group, items, upto)
        going = [run for run in going if not run.stopped]
        reached = min((run.position for run in going), default=head)
        on_progress(Progress(reached, head, (reached - first) / max(time.monotonic() - began, 1e-6)))


def swap(connection: Link, log: LogReader, run: Run, *, batch: int, verify: bool = False) -> Rebuilt:
    """Put a finished build in the place of the live tables, which are dropped; readers notice nothing.

    The live position is held, and the build brought up to it, so that no reader sees time go back. Raises
    psycopg.errors.LockNotAvailable when a long query kept the old tables: nothing changed, try again.
    """
    model, tables = run.model, table_names(run.model)
    with connection.transaction():
        connection.execute("SELECT set_config('lock_timeout', %s, true)", [_LOCK_TIMEOUT])
        rows = {row.place: row for row in standings(connection, name=model.name, lock=True)}
        built, live = rows.get("building"), rows.get("live")
        if built is None or (built.version, built.position) != (model.version, run.position):
            raise PositionTaken(repr(run))
        position = _close_gap(connection, log, run, live.position if live else 0, batch)
        counts = tuple(count(connection, SCHEMAS["building"], name) for name in tables) if verify else ()
        # Rows of another version, or of another moment, have every right to be different.
        comparable = live is not None and live.version == model.version and _level(log, model, live, position)
        differences = compare(connection, counts) if verify and comparable else ()
        move_to_live(connection, tables, live.tables if live else [])
        connection.execute(
            "DELETE FROM public.zeus_read_models WHERE name = %s AND place = 'building'", [model.name]
        )
        enter(connection, (model.name, "live", model.version), tables, position)
    return Rebuilt(position, model.version, counts, tuple(differences))


def _level(log: LogReader, model: ReadModel, live: Standing | None, position: int) -> bool:
    """Whether the live rows are those of `position`: what came since, such as the record of this very rebuild, changes
    none of them.
    """
    if live is None:
        return False
    items = log.read(live.position, position, _FEW, model.topics)
    return len(items) < _FEW and all(
        isinstance(item, Recorded) and not list(model.project(item)) for item in items
    )


def _close_gap(connection: Link, log: LogReader, run: Run, target: int, batch: int) -> int:
    """Project up to `target` in the caller's transaction; `run` stays as it was, in case of rollback."""
    position = run.position
    if position < target and log.head() < target:
        raise LogEndsEarlier(run.model.name)
    while position < target:
        items = log.read(position, target, batch, run.model.topics)
        upto = items[-1].position if len(items) == batch else target
        apply(connection, [Run(run.model, run.place, position)], items, upto)
        position = upto
    return position


def compare(connection: Link, built: Sequence[TableCount]) -> Sequence[TableDifference]:
    """What was built beside what is live; it says something only at equal versions and positions."""
    differences = []
    for one in built:
        live = count(connection, SCHEMAS["live"], one.table)
        differences.append(TableDifference(one.table, live.rows, live.hash, one.rows, one.hash))
    return differences


def count(connection: Link, schema: str, table: str) -> TableCount:
    """Count and hash all rows of a table."""
    query = "SELECT count(*), coalesce(sum(hashtextextended(r::text, 0)), 0)::text FROM {} AS r"
    row = connection.execute(SQL(query).format(Identifier(schema, table))).fetchone()
    return TableCount(table, int(row[0]), int(row[1])) if row else TableCount(table, 0, 0)
