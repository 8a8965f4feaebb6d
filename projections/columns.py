"""How the columns of a table travel to Postgres: as arrays of one type each, cast on arrival."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec
import sqlalchemy
from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

Encode = Callable[[Any], Any]

_DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
_PLAIN = (sqlalchemy.DateTime, sqlalchemy.Date, sqlalchemy.Time, sqlalchemy.Interval, sqlalchemy.Uuid)


class TableWithoutKey(ValueError):
    """A table of a read model has no primary key; without one a write cannot name its row."""


class Column:
    """A column: its Postgres type, the type its array travels as, and the encoding of one value."""

    __slots__ = ("encode", "name", "nullable", "staged", "type")

    def __init__(self, column: sqlalchemy.Column[Any]) -> None:
        self.name = column.name
        self.type = column.type.compile(dialect=_DIALECT)
        self.nullable = bool(column.nullable) and column.server_default is None
        self.staged, self.encode = _travel(column.type, self.type)

    def array(self, values: Sequence[Any]) -> list[Any]:
        """The values as one array parameter."""
        encode = self.encode
        if encode is _as_is:
            return list(values)
        return [None if value is None else encode(value) for value in values]


class Shape:
    """What the engine knows about a table."""

    __slots__ = ("columns", "key", "key_in", "keys", "name", "objects", "sets")

    def __init__(self, table: Table) -> None:
        self.name = table.name
        self.columns = {column.name: Column(column) for column in table.columns}
        self.key = tuple(column.name for column in table.primary_key.columns)
        self.keys = frozenset(self.key)
        self.objects = frozenset(c.name for c in table.columns if isinstance(c.type, postgresql.JSONB))
        self.sets = frozenset(c.name for c in table.columns if isinstance(c.type, sqlalchemy.ARRAY))
        if not self.key:
            raise TableWithoutKey(table.name)
        self.key_in = _key_in(self.key)


def _key_in(key: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """How to take the key from a row."""
    if len(key) > 1:
        return itemgetter(*key)
    return lambda row: (row[key[0]],)


@cache
def shape_of(table: Table) -> Shape:
    """The shape of `table`, worked out once."""
    return Shape(table)


def _travel(kind: Any, name: str) -> tuple[str, Encode]:
    """Arrays of arrays and of JSON have no array type that unnests row by row: they travel as text."""
    if isinstance(kind, sqlalchemy.JSON):
        return "text", _json
    if isinstance(kind, sqlalchemy.ARRAY):
        return "text", _array_literal
    if isinstance(kind, sqlalchemy.Boolean):
        return name, bool
    if isinstance(kind, sqlalchemy.Integer):
        return name, int.__index__
    if isinstance(kind, sqlalchemy.Float):
        return name, float
    if isinstance(kind, sqlalchemy.Numeric):
        return "text", str
    if isinstance(kind, sqlalchemy.LargeBinary):
        return name, bytes
    if isinstance(kind, _PLAIN):
        return name, _as_is
    return "text", _text


def _as_is(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    """Exact `str` (enums lose their class); anything else raises TypeError."""
    return str.replace(value, "\x00", "\ufffd")


def _json(value: Any) -> str:
    encoded = msgspec.json.encode(value)
    return (msgspec.json.encode(_without_nul(value)) if b"\\u0000" in encoded else encoded).decode()


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(inner) for inner in value]
    return value


def _array_literal(value: Any) -> str:
    if all(isinstance(item, str) for item in value):
        return "{" + ",".join(map(_quoted, value)) + "}"
    cleaned = [_text(item) if isinstance(item, str) else item for item in value]
    dumped = Transformer().get_dumper(cleaned, PyFormat.TEXT).dump(cleaned)
    return bytes(dumped or b"{}").decode()


def _quoted(item: str) -> str:
    escaped = _text(item).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
