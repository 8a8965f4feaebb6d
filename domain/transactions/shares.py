"""What part of a session's energy falls into a part of its time.

Between two readings of the register energy is taken to flow evenly; where nothing was read between start and
end, evenly over the whole session. Parts are whole Wh and add up to the whole, whatever the cuts are.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import msgspec

from domain.metering import whole_wh


class Reading(msgspec.Struct, frozen=True, order=True):
    """The register at an instant, counted from the start of the session."""

    at: datetime
    wh: Decimal


def shares(
    begin: datetime, end: datetime, energy_wh: int, readings: Sequence[Reading], cuts: Sequence[datetime]
) -> list[int]:
    """The energy between begin, each of `cuts` (in order, within the session) and the end."""
    curve = _curve(begin, end, energy_wh, readings)
    marks = [0, *(whole_wh(_at(curve, cut)) for cut in cuts), energy_wh]
    return [after - before for before, after in pairwise(marks)]


def _curve(begin: datetime, end: datetime, energy_wh: int, readings: Sequence[Reading]) -> list[Reading]:
    """From nothing to everything, never falling: a register that went back adds nothing to any part."""
    whole, high = Decimal(energy_wh), Decimal(0)
    curve = [Reading(begin, high)]
    for one in sorted(readings):
        if begin < one.at < end:
            high = max(high, min(one.wh, whole))
            curve.append(Reading(one.at, high))
    return [*curve, Reading(end, whole)]


def _at(curve: Sequence[Reading], at: datetime) -> Decimal:
    for before, after in pairwise(curve):
        if before.at <= at <= after.at and after.at > before.at:
            passed = Decimal((at - before.at) // _MICRO) / Decimal((after.at - before.at) // _MICRO)
            return before.wh + (after.wh - before.wh) * passed
    return curve[0].wh if at <= curve[0].at else curve[-1].wh


_MICRO = datetime.resolution
