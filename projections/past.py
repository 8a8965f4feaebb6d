"""Read models as they were: the pure functions that fill the live tables, over a few events in memory.

Nothing is stored twice: what the board showed at an instant is what its projection makes of the events up to then.
A moment, the rows after some event, saves reading a charger's whole life; it is made of events alone and may be
thrown away.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec
from sqlalchemy import JSON, Table

from domain.event import Fact, Recorded
from projections.columns import shape_of
from projections.in_memory import Row, Rows
from projections.read_model import ReadModel


class Moment(msgspec.Struct, frozen=True):
    """The rows of one charger after an event of its stream."""

    version: int
    """Of the charger's stream; 0 before its first event."""
    position: int
    """Of that event in the log."""
    tables: dict[str, list[Row]]
    """Rows by table."""

    def encoded(self) -> bytes:
        """As JSON; decimals as text, so that nothing is rounded."""
        return msgspec.json.encode(self.tables)


NEVER = Moment(0, 0, {})


def moment_of(model: ReadModel, version: int, position: int, state: bytes) -> Moment:
    """What `encoded` wrote, with the types of the tables' columns."""
    plain = msgspec.json.decode(state, type=dict[str, list[dict[str, Any]]])
    tables = {name: [_typed(model.tables.tables[name], row) for row in rows] for name, rows in plain.items()}
    return Moment(version, position, tables)


def rows_after(model: ReadModel, moment: Moment, events: Iterable[Recorded[Fact]]) -> Rows:
    """The rows of `moment` after `events`, which are in log order."""
    rows = Rows({model.tables.tables[name]: held for name, held in moment.tables.items()})
    for recorded in events:
        if recorded.event.fact.TOPIC in model.topics:
            rows.apply(model.project(recorded))
    return rows


def moment_after(model: ReadModel, moment: Moment, events: Sequence[Recorded[Fact]], version: int) -> Moment:
    """The moment at `version` of the charger's stream, whose event is the last of `events`."""
    rows = rows_after(model, moment, events)
    tables = {name: rows.of(table) for name, table in model.tables.tables.items()}
    return Moment(version, events[-1].position, {name: held for name, held in tables.items() if held})


def kind_of(model: ReadModel) -> str:
    """Names moments of this version of the read model: others are not understood."""
    columns = [(name, *shape_of(table).columns) for name, table in sorted(model.tables.tables.items())]
    return f"{model.name}/{model.version}/{sum(len(each) for each in columns)}"


def _typed(table: Table, row: Row) -> Row:
    return {name: _value(table, name, value) for name, value in row.items()}


def _value(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type
    if value is None or isinstance(kind, JSON):
        return value
    return msgspec.convert(value, cast(Any, kind.python_type), strict=False)
