"""The SQL of a stage: one statement per kind of write and set of columns, however many rows."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import cast

from sqlalchemy import Table

from projections.columns import Column, Shape, shape_of
from projections.read_model import Link
from projections.staging import Pending, Stage, stages_of, writes_of
from projections.writes import Append, Delete, Increment, Key, Merge, Update, Upsert, Values, Write

_ORDER: tuple[type, ...] = (Delete, Update, Upsert, Append, Merge, Increment)
"""Deletes first, so that a unique value set free in a batch may be taken again in it."""

_FROM_VALUES, _FROM_ONCE, _FROM_BY = attrgetter("values"), attrgetter("once"), attrgetter("by")

_Row = tuple[Key, Pending]
_Names = tuple[str, ...]
_Group = tuple[type, _Names, _Names, _Names, str, _Names]
"""Kind of write; columns; those of them set `once` or `first`; those added to; guard; since."""


def execute_writes(connection: Link, writes: Iterable[Write]) -> None:
    """Bring the writes of a batch, in log order, to the tables of the search_path."""
    for table, ours in writes_of(writes).items():
        if all(type(write) is Append for write in ours):
            _append(connection, table, cast("list[Append]", ours))
            continue
        for stage in stages_of(ours, shape_of(table)):
            execute_stage(connection, table, stage)


def _append(connection: Link, table: Table, writes: Sequence[Append]) -> None:
    """New rows alone, as of a log, need no merging: of those with the same key the first stays."""
    shape = shape_of(table)
    rows: dict[Key, Values] = {}
    key_in = shape.key_in
    for write in writes:
        rows.setdefault(key_in(write.row), write.row)
    groups: dict[_Names, list[Values]] = {}
    for row in rows.values():
        groups.setdefault(tuple(row), []).append(row)
    for names, group in groups.items():
        others = tuple(name for name in _in_order(names) if name not in shape.keys)
        columns = (shape.columns[name] for name in (*shape.key, *others))
        arrays = [column.array([row[column.name] for row in group]) for column in columns]
        connection.execute(_statement(table, shape.key, (Append, others, (), (), "", ())), arrays)


def execute_stage(connection: Link, table: Table, stage: Stage) -> None:
    """Run one stage; its rows are distinct, so only the kinds have an order."""
    groups: dict[_Group, list[_Row]] = {}
    sparse = _sparse(stage.pending.values(), shape_of(table))
    for key, pending in stage.pending.items():
        values = pending.values
        if pending.kind is Merge:
            for name in sparse - values.keys() - pending.once.keys():
                values[name] = None
        once, by = _in_order(tuple(pending.once)), _in_order(tuple(pending.by))
        names = _in_order(tuple(values)) + once + by
        group = (pending.kind, names, once, by, pending.guard, pending.since)
        groups.setdefault(group, []).append((key, pending))
    for group in sorted(groups, key=lambda group: _ORDER.index(group[0])):
        _execute_group(connection, table, stage.address, group, groups[group])


@lru_cache(maxsize=4096)
def _in_order(names: _Names) -> _Names:
    return tuple(sorted(names))


def _sparse(rows: Iterable[Pending], shape: Shape) -> frozenset[str]:
    """Columns that Merge may fill with NULL, so that rows with different measurands share a statement."""
    sets = {tuple(row.values) for row in rows if row.kind is Merge}
    return frozenset(name for name in chain.from_iterable(sets) if shape.columns[name].nullable)


def _execute_group(
    connection: Link, table: Table, address: tuple[str, ...], group: _Group, rows: list[_Row]
) -> None:
    _, names, once, by, *_ = group
    columns = shape_of(table).columns
    arrays = [columns[name].array([key[n] for key, _ in rows]) for n, name in enumerate(address)]
    for name in names:
        take = _FROM_ONCE if name in once else _FROM_BY if name in by else _FROM_VALUES
        arrays.append(columns[name].array([take(pending)[name] for _, pending in rows]))
    connection.execute(_statement(table, address, group), arrays)


@lru_cache(maxsize=4096)
def _statement(table: Table, address: _Names, group: _Group) -> bytes:
    kind, names, *_ = group
    shape = shape_of(table)
    source = _source([shape.columns[name] for name in (*address, *names)])
    target = f"{_quoted(table.name)} AS row_"
    same = " AND ".join(f"row_.{_quoted(name)} = new_.{_quoted(name)}" for name in address)
    if kind is Delete:
        return f"DELETE FROM {target} USING ({source}) AS new_ WHERE {same}".encode()  # noqa: S608 - names are quoted
    if kind is Update:
        sets = ", ".join(f"{_quoted(name)} = new_.{_quoted(name)}" for name in names)
        return f"UPDATE {target} SET {sets} FROM ({source}) AS new_ WHERE {same}".encode()  # noqa: S608 - names are quoted
    into = ", ".join(_quoted(name) for name in (*address, *names))
    conflict = _conflict(shape, group)
    return f"INSERT INTO {target} ({into}) {source} ON CONFLICT {conflict}".encode()


def _source(columns: Sequence[Column]) -> str:
    names = ", ".join(_quoted(column.name) for column in columns)
    arrays = ", ".join(f"%b::{column.staged}[]" for column in columns)
    casts = ", ".join(f"{_quoted(c.name)}::{c.type} AS {_quoted(c.name)}" for c in columns)
    return f"SELECT {casts} FROM unnest({arrays}) AS given_({names})"  # noqa: S608 - names are quoted


def _conflict(shape: Shape, group: _Group) -> str:
    kind, names, once, by, guard, since = group
    if kind is Append:
        return "DO NOTHING"
    key = ", ".join(_quoted(name) for name in shape.key)
    sets = [_since(since) if name in since[:1] else _set(kind, shape, name, once, by) for name in names]
    text = ", ".join(each for each in sets if each)
    if not text:
        return f"({key}) DO NOTHING"
    when = f" WHERE row_.{_quoted(guard)} IS NULL OR row_.{_quoted(guard)} <= excluded.{_quoted(guard)}"
    return f"({key}) DO UPDATE SET {text}" + (when if guard else "")


def _since(since: tuple[str, ...]) -> str:
    moment, *watched = map(_quoted, since)
    stands = ", ".join(f"row_.{name}" for name in watched)
    comes = ", ".join(f"excluded.{name}" for name in watched)
    kept = f"({stands}) IS NOT DISTINCT FROM ({comes})"
    return f"{moment} = CASE WHEN {kept} THEN row_.{moment} ELSE excluded.{moment} END"


def _set(kind: type, shape: Shape, name: str, once: _Names, by: _Names) -> str:
    column = _quoted(name)
    if kind is Upsert and name in once:  # only a new row has it
        return ""
    if name in once:  # `first`: what stands stays
        return f"{column} = coalesce(row_.{column}, excluded.{column})"
    if name in by:
        return f"{column} = coalesce(row_.{column}, 0) + excluded.{column}"
    if kind is Merge and name in shape.sets:
        both = (
            f'SELECT DISTINCT v_ COLLATE "C" FROM unnest(row_.{column} || excluded.{column}) AS v_ ORDER BY 1'  # noqa: S608 - names are quoted
        )
        return (
            f"{column} = CASE WHEN excluded.{column} IS NULL THEN row_.{column} "
            f"WHEN row_.{column} IS NULL THEN excluded.{column} ELSE ARRAY({both}) END"
        )
    if kind is Merge and name in shape.objects:
        return f"{column} = coalesce(row_.{column} || excluded.{column}, excluded.{column}, row_.{column})"
    if kind is Merge:
        return f"{column} = coalesce(excluded.{column}, row_.{column})"
    return f"{column} = excluded.{column}"


def _quoted(name: str) -> str:
    return '"' + name.replace("%", "%%").replace('"', '""') + '"'
