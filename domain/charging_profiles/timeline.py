"""One profile laid out in time: which of its periods holds at which second after a given start."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

import msgspec

from domain.charging_profiles.profile import Kind, Period, Placed, Purpose, Recurrency, Schedule, Unit

OF_TRANSACTIONS = frozenset({Purpose.TX, Purpose.TX_DEFAULT, Purpose.PRIORITY})
"""Purposes that limit a transaction, and can count from its start."""
_TICK = timedelta(microseconds=1)
_SECOND = 1_000_000
_CYCLES = {Recurrency.DAILY: 86_400 * _SECOND, Recurrency.WEEKLY: 604_800 * _SECOND}


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction on an EVSE."""

    started_at: datetime
    reference: str = ""
    """The charger's own name of it, as in `ChargingProfile.transaction`."""
    priority: bool = False
    """Is priority charging on (2.1)?"""


class Span(NamedTuple):
    """A period of a profile in whole seconds after the start, the end excluded."""

    start_s: int
    end_s: int
    period: Period
    unit: Unit


class Layer:
    """A profile over a horizon; `at` finds its word on a second."""

    __slots__ = ("_starts", "placed", "rank", "spans")

    def __init__(self, placed: Placed, spans: list[Span]) -> None:
        self.placed = placed
        self.rank = (placed.profile.stack_level, placed.profile.profile_id)
        """The highest prevails. Of two at one level, which a charger should not hold, the higher id does."""
        self.spans = spans
        self._starts = [span.start_s for span in spans]

    def at(self, second: int) -> Span | None:
        """The period that holds at a second; None where the profile says nothing."""
        place = bisect_right(self._starts, second) - 1
        return self.spans[place] if place >= 0 and second < self.spans[place].end_s else None


def lay_out(
    placed: Placed, start: datetime, horizon_s: int, transaction: Running | None = None, choice: int = 0
) -> Layer:
    """The profile from `start` on for `horizon_s`; `choice` is which of its schedules counts, if it has so many."""
    schedules = placed.profile.schedules
    if not schedules:
        return Layer(placed, [])
    schedule = schedules[min(choice, len(schedules) - 1)]
    return Layer(placed, list(_spans(placed, schedule, start, horizon_s, transaction)))


def _spans(
    placed: Placed, schedule: Schedule, start: datetime, horizon_s: int, transaction: Running | None
) -> Iterator[Span]:
    profile = placed.profile
    opens, closes = 0, horizon_s
    if profile.valid_from is not None:
        opens = max(0, _whole_s((profile.valid_from - start) // _TICK))
    if profile.valid_to is not None:
        closes = min(horizon_s, _whole_s((profile.valid_to - start) // _TICK))
    first = (_begin(placed, schedule, start, transaction) - start) // _TICK
    for begin, end in _runs(placed, schedule, first, horizon_s * _SECOND):
        for period, since, until in _run(schedule, begin, end):
            start_s = max(opens, _whole_s(since))
            end_s = closes if until is None else min(closes, _whole_s(until))
            if start_s < end_s:
                yield Span(start_s, end_s, period, schedule.unit)


def _begin(placed: Placed, schedule: Schedule, start: datetime, transaction: Running | None) -> datetime:
    """What the seconds of the schedule count from."""
    profile = placed.profile
    if profile.kind in (Kind.ABSOLUTE, Kind.RECURRING) and schedule.start_at is not None:
        return schedule.start_at
    if profile.purpose not in OF_TRANSACTIONS:
        return placed.since or start
    return transaction.started_at if transaction is not None else start


def _runs(placed: Placed, schedule: Schedule, begin: int, horizon: int) -> Iterator[tuple[int, int | None]]:
    """(begin, end) of the runs of the schedule that touch the horizon, in microseconds after the start.

    A recurring schedule runs anew in every cycle, from its first beginning on; a run never outlasts its cycle.
    """
    lasts = None if schedule.duration_s is None else schedule.duration_s * _SECOND
    recurrency = placed.profile.recurrency
    if placed.profile.kind is not Kind.RECURRING or recurrency is None:
        yield begin, None if lasts is None else begin + lasts
        return
    cycle = _CYCLES[recurrency]
    lasts = cycle if lasts is None else min(cycle, lasts)
    begin += max(0, -begin // cycle) * cycle  # the run that is under way, or the first there will be
    while begin < horizon:
        yield begin, begin + lasts
        begin += cycle


def _run(schedule: Schedule, begin: int, end: int | None) -> Iterator[tuple[Period, int, int | None]]:
    """(period, from, until) of one run."""
    periods = sorted(schedule.periods, key=attrgetter("start_s"))
    starts = [begin + period.start_s * _SECOND for period in periods]
    for period, since, following in zip(periods, starts, [*starts[1:], None], strict=True):
        yield period, since, min((at for at in (following, end) if at is not None), default=None)


def _whole_s(ticks: int) -> int:
    """The first whole second that is not before."""
    return -(-ticks // _SECOND)
