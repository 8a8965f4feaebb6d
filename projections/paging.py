"""Pages by key: the rows after the last one seen, never an offset, so page 1000 costs what page 1 does."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, tuple_

R = TypeVar("R", bound=msgspec.Struct)

LIMIT = 200
"""The longest page."""


class PageTooLong(ValueError):
    """A page holds 1 to 200 rows; ask for the next one with `after`."""


class Page(msgspec.Struct, Generic[R], frozen=True):
    """Some rows of a list, and the key to ask for what follows."""

    rows: tuple[R, ...]
    next: tuple[Any, ...] | None = None
    """`after` of the next page; None on the last one."""


def fetch_page(
    connection: Connection,
    query: Select[Any],
    row_type: type[R],
    key: Sequence[ColumnElement[Any]],
    key_of: Callable[[R], tuple[Any, ...]],
    *,
    after: Sequence[Any] | None,
    limit: int,
    newest_first: bool = False,
) -> Page[R]:
    """Run `query` in the order of `key`, after the row whose key is `after`. Raises PageTooLong.

    The columns of `query` are named as the fields of `row_type`; the last column of `key` is unique.
    """
    if not 1 <= limit <= LIMIT:
        raise PageTooLong(limit)
    if after is not None:
        here, there = tuple_(*key), tuple_(*after)
        query = query.where(here < there if newest_first else here > there)
    query = query.order_by(*(column.desc() if newest_first else column for column in key)).limit(limit + 1)
    rows = fetch(connection, query, row_type)
    more = len(rows) > limit
    return Page(tuple(rows[:limit]), key_of(rows[limit - 1]) if more else None)


def fetch(connection: Connection, query: Select[Any], row_type: type[R]) -> list[R]:
    """All rows of `query` as structs."""
    return [row_type(**row) for row in connection.execute(query).mappings()]


def fetch_one(connection: Connection, query: Select[Any], row_type: type[R]) -> R | None:
    """The only row of `query`, or None."""
    row = connection.execute(query).mappings().first()
    return None if row is None else row_type(**row)


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Whether a column holds `text`, in any case; `%` and `_` mean themselves."""
    return column.icontains(text.replace("\x00", "\ufffd"), autoescape=True)
