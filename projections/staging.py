"""The writes of a batch, merged per row and ordered into stages that can each run as a few statements.

Pure. Within a stage every row is touched at most once, so its statements may run in any order. Stages run
one after the other. A write joins the earliest stage that keeps the log's order: usually there is one.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Table

from projections.columns import Shape
from projections.writes import Append, Delete, Increment, Key, Merge, Update, Upsert, Write

Address = tuple[str, ...]


class WriteImpossible(ValueError):
    """A write names columns in a way no statement can follow; the projection has to be corrected."""


class Pending:
    """What is to happen to one row, or to the rows of one match."""

    __slots__ = ("by", "guard", "kind", "once", "since", "values")

    def __init__(
        self,
        kind: type[Write],
        values: dict[str, Any],
        once: Mapping[str, Any] | None = None,
        guard: str = "",
        by: dict[str, Any] | None = None,
        since: tuple[str, ...] = (),
    ) -> None:
        self.kind = kind
        self.values = values
        self.once: Mapping[str, Any] = once or {}
        self.guard = guard
        self.by: dict[str, Any] = by or {}
        self.since = since


class Stage:
    """Pending writes at one address: the columns that say which rows are meant."""

    __slots__ = ("address", "pending", "shadows")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.pending: dict[Key, Pending] = {}
        self.shadows: dict[Address, set[Key]] = {}

    def put(self, key: Key, pending: Pending) -> None:
        """Add a row that is not here yet."""
        self.pending[key] = pending
        for address, seen in self.shadows.items():
            seen.add(_picker(self.address, address)(key))

    def touches(self, address: Address, key: Key) -> bool:
        """Whether a write at `address` and `key` could meet a row of this stage.

        Rows that differ in a column both name are different rows.
        """
        common, pick = _meeting(self.address, address)
        if not common:
            return bool(self.pending)
        if common == self.address:
            return pick(key) in self.pending
        return pick(key) in self._shadows_at(common)

    def _shadows_at(self, address: Address) -> set[Key]:
        if address not in self.shadows:
            pick = _picker(self.address, address)
            self.shadows[address] = {pick(key) for key in self.pending}
        return self.shadows[address]


def writes_of(writes: Iterable[Write]) -> dict[Table, list[Write]]:
    """The writes to each table, in log order."""
    tables: dict[Table, list[Write]] = {}
    for write in writes:
        tables.setdefault(write.table, []).append(write)
    return tables


def stages_of(writes: Iterable[Write], shape: Shape) -> list[Stage]:
    """Merge `writes`, all to the table of that shape and in log order, into stages."""
    stages: list[Stage] = []
    for write in writes:
        _place(stages, write, shape)
    return stages


def _place(stages: list[Stage], write: Write, shape: Shape) -> None:
    address, key = _addressed(write, shape)
    room: Stage | None = None
    for stage in reversed(stages):
        if stage.address == address:
            before = stage.pending.get(key)
            if before is None:
                room = stage
                continue
            merged = _combine(before, write, shape)
            if merged is not None:
                stage.pending[key] = merged
                return
            break
        if stage.touches(address, key):
            break
    if room is None:
        room = Stage(address)
        stages.append(room)
    room.put(key, _pending(write, shape))


def _addressed(write: Write, shape: Shape) -> tuple[Address, Key]:
    if isinstance(write, Update | Delete):
        return _matched(write, shape)
    if isinstance(write, Append):
        return shape.key, shape.key_in(write.row)
    if len(write.key) != len(shape.key):
        raise WriteImpossible(f"{write.table.name}: {len(shape.key)} key columns, {len(write.key)} given")
    return shape.key, write.key


def _matched(write: Update | Delete, shape: Shape) -> tuple[Address, Key]:
    match = write.match
    if not match or None in match.values():
        raise WriteImpossible(f"{write.table.name}: a match needs columns and values, not {dict(match)}")
    if isinstance(write, Update) and not match.keys().isdisjoint(write.values):
        raise WriteImpossible(f"{write.table.name}: an update may not change the columns it matches by")
    if match.keys() == shape.keys:
        return shape.key, tuple(match[name] for name in shape.key)
    address = _sorted(tuple(match))
    return address, tuple(match[name] for name in address)


@cache
def _sorted(names: Address) -> Address:
    return tuple(sorted(names))


@cache
def _meeting(stage: Address, address: Address) -> tuple[Address, Callable[[Key], Key]]:
    """The columns both name, in the stage's order, and how to take them from a key at `address`."""
    common = tuple(name for name in stage if name in address)
    return common, _picker(address, common)


@cache
def _picker(address: Address, onto: Address) -> Callable[[Key], Key]:
    """How to take the columns `onto` from a key at `address`."""
    places = [address.index(name) for name in onto]
    if len(places) > 1:
        return itemgetter(*places)
    return lambda key: tuple(key[place] for place in places)


def _pending(write: Write, shape: Shape) -> Pending:
    return _PENDING[type(write)](write, shape)


def _combine(before: Pending, write: Write, shape: Shape) -> Pending | None:
    """The one write that does what `before` and then `write` do to a row; None if there is no such."""
    if isinstance(write, Delete):
        return Pending(Delete, {})
    rule = _RULES.get((before.kind, type(write)))
    return rule(before, write, shape) if rule else None


def _upsert_upsert(before: Pending, write: Any, _: Shape) -> Pending | None:
    if before.guard or write.guard:
        return _guarded(before, write)
    if before.since or write.since:
        return None
    # The row exists after the first one, so the second one's `once` has no say any more.
    before.once = {name: v for name, v in before.once.items() if name not in write.values}
    before.values.update(write.values)
    return before


def _guarded(before: Pending, write: Upsert) -> Pending | None:
    guard = write.guard
    if before.guard != guard or before.values.keys() != write.values.keys():
        return None
    old, new = before.values[guard], write.values[guard]
    if old is None or (new is not None and old <= new):
        return _superseding(before, write)
    return before


def _superseding(before: Pending, write: Upsert) -> Pending | None:
    """The later values; where `since` has to move, both are needed, one after the other.

    So they are where their moments differ and the row that stands may refuse the earlier one alone.
    """
    values = dict(write.values)
    if before.since or write.since:
        moment, *watched = write.since or before.since
        if before.since != write.since or any(before.values[name] != values[name] for name in watched):
            return None
        if before.values[moment] != values[moment] and before.values[write.guard] != values[write.guard]:
            return None
        values[moment] = before.values[moment]
    before.values = values
    return before


def _upsert_update(before: Pending, write: Any, _: Shape) -> Pending | None:
    if before.guard or before.since:
        return None
    before.once = {name: v for name, v in before.once.items() if name not in write.values}
    before.values.update(write.values)
    return before


def _update_update(before: Pending, write: Any, _: Shape) -> Pending:
    before.values.update(write.values)
    return before


def _update_upsert(before: Pending, write: Any, shape: Shape) -> Pending | None:
    if write.guard or write.since or not before.values.keys() <= write.values.keys():
        return None
    return _pending(write, shape)


def _keep(before: Pending, _: Any, __: Shape) -> Pending:
    return before


def _merge_merge(before: Pending, write: Any, shape: Shape) -> Pending:
    values, first = before.values, dict(before.once)
    for name, new in write.first.items():
        if values.get(name) is None and first.get(name) is None:
            values.pop(name, None)
            first[name] = new
    for name, new in write.values.items():
        if new is None:
            if name not in first:
                values.setdefault(name, None)
            continue
        old = values.get(name)
        if old is not None and name in shape.objects:
            new = {**old, **new}
        elif old is not None and name in shape.sets:
            new = sorted({*old, *new})
        values[name] = new
        first.pop(name, None)
    before.once = first
    return before


def _increment_increment(before: Pending, write: Any, _: Shape) -> Pending | None:
    if before.by.keys() & write.values.keys() or before.values.keys() & write.by.keys():
        return None
    for name, by in write.by.items():
        before.by[name] = before.by.get(name, 0) + by
    first = {**write.first, **{name: v for name, v in before.once.items() if v is not None}}
    before.values.update(write.values)
    before.once = {name: v for name, v in first.items() if name not in before.values}
    return before


_PENDING: dict[type, Callable[[Any, Shape], Pending]] = {
    Upsert: lambda write, _: Pending(Upsert, dict(write.values), write.once, write.guard, since=write.since),
    Update: lambda write, _: Pending(Update, dict(write.values)),
    Delete: lambda write, _: Pending(Delete, {}),
    Append: lambda write, shape: Pending(
        Append, {name: value for name, value in write.row.items() if name not in shape.keys}
    ),
    Merge: lambda write, _: Pending(Merge, dict(write.values), dict(write.first)),
    Increment: lambda write, _: Pending(Increment, dict(write.values), dict(write.first), by=dict(write.by)),
}
"""What is to happen to a row that no other write of the stage has touched."""

_RULES: dict[tuple[type, type], Callable[[Pending, Any, Shape], Pending | None]] = {
    (Upsert, Upsert): _upsert_upsert,
    (Upsert, Update): _upsert_update,
    (Update, Update): _update_update,
    (Update, Upsert): _update_upsert,
    (Append, Append): _keep,
    (Upsert, Append): _keep,
    (Merge, Append): _keep,
    (Increment, Append): _keep,
    (Delete, Update): _keep,
    (Merge, Merge): _merge_merge,
    (Increment, Increment): _increment_increment,
}
