"""Tables of read models in memory: the same rows as Postgres would hold, for small pieces of the past.

The meaning of each write is that of `projections/statements.py`; a property test compares the two.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
import sqlalchemy
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from projections.columns import shape_of
from projections.writes import Append, Delete, Increment, Key, Merge, Update, Upsert, Write

Row = dict[str, Any]


class Rows:
    """The rows of some tables. Computed columns stay None: Postgres is who computes them."""

    def __init__(self, rows: Mapping[Table, Iterable[Row]] | None = None) -> None:
        self._tables: dict[Table, dict[Key, Row]] = {}
        for table, known in (rows or {}).items():
            held = self._tables.setdefault(table, {})
            for row in known:
                held[_key_of(table, row)] = dict(row)

    def of(self, table: Table) -> list[Row]:
        """Rows in the order of their keys."""
        held = self._tables.get(table, {})
        return [held[key] for key in sorted(held)]

    def apply(self, writes: Iterable[Write]) -> None:
        """Do them one by one."""
        for write in writes:
            held = self._tables.setdefault(write.table, {})
            match write:
                case Upsert():
                    _upsert(held, write)
                case Update(match=match):
                    for row in _matching(held, _cleaned(write.table, match)):
                        row.update(_cleaned(write.table, write.values))
                case Delete(match=match):
                    for row in _matching(held, _cleaned(write.table, match)):
                        del held[_key_of(write.table, row)]
                case Append():
                    row = _cleaned(write.table, write.row)
                    held.setdefault(_key_of(write.table, row), {**_fresh(write.table), **row})
                case Merge():
                    _merge(held, write)
                case Increment():
                    _increment(held, write)


def _upsert(held: dict[Key, Row], write: Upsert) -> None:
    values = _cleaned(write.table, write.values)
    row = held.get(_address(write))
    if row is None:
        _insert(held, write, {**values, **_cleaned(write.table, write.once)})
        return
    if guard := write.guard:
        stands, comes = row[guard], values[guard]
        if stands is not None and (comes is None or stands > comes):
            return
    if write.since:
        moment, *watched = write.since
        if all(row[name] == values.get(name, row[name]) for name in watched):
            del values[moment]
    row.update(values)


def _merge(held: dict[Key, Row], write: Merge) -> None:
    values = {name: value for name, value in _cleaned(write.table, write.values).items() if value is not None}
    first = _cleaned(write.table, write.first)
    row = held.get(_address(write))
    if row is None:
        _insert(held, write, {**values, **{name: v for name, v in first.items() if v is not None}})
        return
    shape = shape_of(write.table)
    for name, value in values.items():
        stands = row[name]
        if stands is not None and name in shape.sets:
            value = sorted({*stands, *value})
        elif stands is not None and name in shape.objects:
            value = {**stands, **value}
        row[name] = value
    _keep_first(row, first)


def _increment(held: dict[Key, Row], write: Increment) -> None:
    values, first = _cleaned(write.table, write.values), _cleaned(write.table, write.first)
    row = held.get(_address(write))
    if row is None:
        row = _insert(held, write, {**first, **values})
        row.update(write.by)
        return
    for name, by in write.by.items():
        row[name] = (row[name] or 0) + by
    row.update(values)
    _keep_first(row, first)


def _keep_first(row: Row, first: Row) -> None:
    for name, value in first.items():
        if row[name] is None:
            row[name] = value


def _insert(held: dict[Key, Row], write: Upsert | Merge | Increment, values: Row) -> Row:
    key = _address(write)
    row = held[key] = {
        **_fresh(write.table),
        **dict(zip(shape_of(write.table).key, key, strict=True)),
        **values,
    }
    return row


def _matching(held: dict[Key, Row], match: Row) -> list[Row]:
    return [row for row in held.values() if all(row[name] == value for name, value in match.items())]


def _address(write: Upsert | Merge | Increment) -> Key:
    return tuple(_clean(value) for value in write.key)


def _key_of(table: Table, row: Row) -> Key:
    return tuple(row[name] for name in shape_of(table).key)


@cache
def _defaults(table: Table) -> tuple[tuple[str, Any], ...]:
    return tuple((column.name, _default(column)) for column in table.columns)


def _fresh(table: Table) -> Row:
    return {name: list(value) if isinstance(value, list) else value for name, value in _defaults(table)}


def _default(column: sqlalchemy.Column[Any]) -> Any:
    """What a row has that is told nothing of the column."""
    default = column.server_default
    if not isinstance(default, sqlalchemy.DefaultClause):
        return None
    text = str(default.arg).strip("'")
    if isinstance(column.type, sqlalchemy.ARRAY):
        return []
    if isinstance(column.type, sqlalchemy.Boolean):
        return text == "true"
    return int(text) if isinstance(column.type, sqlalchemy.Integer) else text


def _cleaned(table: Table, values: Mapping[str, Any]) -> Row:
    return {name: _fitted(table.c[name], value) for name, value in values.items()}


def _fitted(column: sqlalchemy.Column[Any], value: Any) -> Any:
    """As it would be read back from a column of this type."""
    if value is None:
        return None
    if isinstance(column.type, postgresql.JSONB):
        return _clean(msgspec.to_builtins(value, str_keys=True))
    if isinstance(column.type, sqlalchemy.Float):
        return float(value)
    if isinstance(column.type, sqlalchemy.Numeric):
        return Decimal(str(value))
    return _clean(value)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return str.replace(value, "\x00", "\ufffd")
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(one) for name, one in value.items()}
    return value
