"""Where a charger's own composite schedule and ours part."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import msgspec

from domain.charging_profiles.profile import Schedule
from domain.charging_profiles.schedule import Composite, Stretch

ROUNDING = Decimal("0.1")
"""Limits travel with one decimal: whoever rounds or cuts off is less than this away."""


class UnitsDiffer(ValueError):
    """Two schedules can be compared in one unit only; compose ours in the unit of the charger's."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """From `from_s` until before `to_s`, counted from the start of ours, the limits are not the same."""

    from_s: int
    to_s: int
    ours: Decimal | None
    """None: no limit."""
    theirs: Decimal | None


def differences(ours: Composite, theirs: Composite | Schedule) -> list[Difference]:
    """What differs by more than the rounding to one decimal, in order; raises UnitsDiffer.

    Compared are the seconds both speak of: a charger may answer for less time than asked, or from a little later
    on. A schedule without periods says that nothing is limited. A start is rounded to the nearest second.
    """
    if theirs.unit is not ours.unit:
        raise UnitsDiffer(f"{ours.unit} and {theirs.unit}")
    shift_s = _shift_s(ours, theirs)
    begin_s, end_s = max(0, shift_s), _end_s(ours, theirs, shift_s)
    mine = [(one.start_s, one.limit) for one in ours.periods]
    yours = [(one.start_s + shift_s, one.limit) for one in _stretches(theirs)]
    edges = {second for second, _ in (*mine, *yours) if begin_s < second < end_s}
    pieces = pairwise([*sorted(edges | {begin_s}), end_s]) if begin_s < end_s else ()
    found = (
        Difference(from_s=start, to_s=end, ours=a, theirs=b)
        for start, end in pieces
        if not _same(a := _at(mine, start), b := _at(yours, start))
    )
    return list(_joined(found))


def _shift_s(ours: Composite, theirs: Composite | Schedule) -> int:
    """How much later theirs starts."""
    if theirs.start_at is None:
        return 0
    return round((theirs.start_at - ours.start_at) / timedelta(seconds=1))


def _end_s(ours: Composite, theirs: Composite | Schedule, shift_s: int) -> int:
    told = theirs.duration_s
    mine = max(1, ours.duration_s)
    return mine if told is None else min(mine, shift_s + max(1, told))


def _stretches(theirs: Composite | Schedule) -> list[Stretch]:
    if isinstance(theirs, Composite):
        return list(theirs.periods)
    return sorted(
        (Stretch(start_s=one.start_s, limit=one.limit, phases=one.phases) for one in theirs.periods),
        key=lambda one: one.start_s,
    )


def _at(limits: list[tuple[int, Decimal | None]], second: int) -> Decimal | None:
    found = None
    for start, limit in limits:
        if start > second:
            break
        found = limit
    return found


def _same(ours: Decimal | None, theirs: Decimal | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) < ROUNDING


def _joined(found: Iterator[Difference]) -> Iterator[Difference]:
    """Neighbours with the same two limits are one difference."""
    last: Difference | None = None
    for one in found:
        if last is not None and (last.to_s, last.ours, last.theirs) == (one.from_s, one.ours, one.theirs):
            last = msgspec.structs.replace(last, to_s=one.to_s)
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last
