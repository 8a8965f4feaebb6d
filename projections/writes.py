"""What a projection may do to its tables: six words, as values.

The engine merges the writes of a batch per row before any SQL, with the same result as one by one in log
order. `key` is the values of the table's primary key, in its column order. Text may hold NUL characters
(chargers send them, Postgres refuses them); they are stored as U+FFFD.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Table

Key: TypeAlias = tuple[Any, ...]
Values: TypeAlias = Mapping[str, Any]


class Upsert(msgspec.Struct, frozen=True):
    """Insert the row, or update the given columns of it: the later write wins."""

    table: Table
    key: Key
    values: Values
    once: Values = {}
    """Columns set only if the row is new, such as first_seen_at, or what NOT NULL demands."""
    guard: str = ""
    """A column of `values`: an existing row changes only if its guard is NULL or ≤ the new one."""
    since: tuple[str, ...] = ()
    """A column of `values`, then those it watches: it keeps what stands while none of them changes."""


class Update(msgspec.Struct, frozen=True):
    """Set columns of the rows that match, if there are any; `match` may be the key or any other columns."""

    table: Table
    match: Values
    values: Values


class Delete(msgspec.Struct, frozen=True):
    """Delete the rows that match, if there are any; `match` may be the key or any other columns."""

    table: Table
    match: Values


class Append(msgspec.Struct, frozen=True):
    """Insert a row with a key that is new by design; if it is not, the row that stands is kept."""

    table: Table
    row: Values


class Merge(msgspec.Struct, frozen=True):
    """Insert the row, or fill in what is known: None leaves a column as it is, JSONB objects and text
    arrays (taken as sets, sorted) are united."""

    table: Table
    key: Key
    values: Values
    first: Values = {}
    """Columns that are set only where nothing stands yet; their names are not in `values`."""


class Increment(msgspec.Struct, frozen=True):
    """Add `by` to counters of a row (0 where there is none) and set `values` of it: the later write wins."""

    table: Table
    key: Key
    by: Values
    values: Values = {}
    first: Values = {}
    """Columns that are set only where nothing stands yet; never among those another write sets to None."""


Write: TypeAlias = Upsert | Update | Delete | Append | Merge | Increment
