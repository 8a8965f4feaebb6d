"""The board as it was: rows of the past in the shapes of the present, and filters that mean the same."""

from collections.abc import Mapping, Sequence
from typing import Any

from projections.in_memory import Row
from projections.status_board.queries import ChargerFilter, ChargerRow, ConnectorRow
from projections.status_board.tables import CHARGERS, CONNECTORS

Board = tuple[ChargerRow, list[ConnectorRow]]


def board_of(tables: Mapping[str, Sequence[Row]]) -> Board | None:
    """A charger and its connectors; None where it was not registered yet."""
    if not tables.get(CHARGERS.name):
        return None
    [row] = tables[CHARGERS.name]
    connectors = [ConnectorRow(**_named(one, ConnectorRow)) for one in tables.get(CONNECTORS.name, ())]
    return ChargerRow(**_named(row, ChargerRow)), connectors


def matches(board: Board, wanted: ChargerFilter) -> bool:
    """As `queries.py` asks Postgres."""
    row, connectors = board
    exact = (
        (wanted.online, row.online),
        (wanted.vendor, row.vendor),
        (wanted.firmware, row.firmware),
        (wanted.site, row.site),
        (wanted.standing, row.standing),
    )
    if any(want is not None and want != have for want, have in exact):
        return False
    if wanted.status is not None and not any(wanted.status in (c.status, c.activity) for c in connectors):
        return False
    texts = (row.cpid, row.name, row.vendor, row.model, row.serial, row.box_serial)
    return not wanted.q or any(wanted.q.casefold() in text.casefold() for text in texts if text)


def _named(row: Row, kind: Any) -> Row:
    return {name: row[name] for name in kind.__struct_fields__}
