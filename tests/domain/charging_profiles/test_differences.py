"""Our composite and a charger's, side by side: what is told as different, and where."""

from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.charging_profiles.differences import Difference, UnitsDiffer, differences
from domain.charging_profiles.profile import Period, Schedule, Unit
from domain.charging_profiles.schedule import Composite, Stretch, merged
from tests.domain.charging_profiles.worlds import NOON

limits = st.one_of(st.none(), st.integers(0, 6_400).map(lambda n: Decimal(n) / 100))


@st.composite
def composites(draw: st.DrawFn) -> Composite:
    starts = [0, *sorted(draw(st.sets(st.integers(1, 99), max_size=6)))]
    return Composite(
        start_at=NOON + timedelta(seconds=draw(st.integers(-20, 20))),
        duration_s=100,
        unit=Unit.A,
        periods=merged(Stretch(start_s=at, limit=draw(limits)) for at in starts),
    )


def at(one: Composite, second: int) -> Decimal | None:
    return [stretch.limit for stretch in one.periods if stretch.start_s <= second][-1]


@settings(max_examples=200, deadline=None)
@given(composites(), composites())
def test_it_tells_exactly_the_seconds_that_differ(ours: Composite, theirs: Composite) -> None:
    shift = int((theirs.start_at - ours.start_at).total_seconds())
    told: dict[int, tuple[Decimal | None, Decimal | None]] = {}
    for one in differences(ours, theirs):
        assert one.from_s < one.to_s
        told |= dict.fromkeys(range(one.from_s, one.to_s), (one.ours, one.theirs))
    for second in range(-130, 230):
        if not max(0, shift) <= second < min(100, 100 + shift):
            assert second not in told
            continue
        a, b = at(ours, second), at(theirs, second - shift)
        same = a is b if a is None or b is None else abs(a - b) < Decimal("0.1")
        assert (second not in told) == same
        assert same or told[second] == (a, b)


@settings(max_examples=100, deadline=None)
@given(composites(), st.sampled_from((ROUND_DOWN, ROUND_HALF_UP)))
def test_rounding_to_one_decimal_is_no_difference(ours: Composite, rounding: str) -> None:
    rounded = tuple(
        msgspec.structs.replace(
            one, limit=None if one.limit is None else one.limit.quantize(Decimal("0.1"), rounding)
        )
        for one in ours.periods
    )
    assert differences(ours, msgspec.structs.replace(ours, periods=rounded)) == []


def schedule(*limits: tuple[int, str], duration_s: int | None = None) -> Schedule:
    periods = tuple(Period(start_s=start, limit=Decimal(limit)) for start, limit in limits)
    return Schedule(unit=Unit.A, periods=periods, duration_s=duration_s)


OURS = Composite(
    start_at=NOON,
    duration_s=100,
    unit=Unit.A,
    periods=(
        Stretch(start_s=0, limit=Decimal(16), phases=3),
        Stretch(start_s=40, limit=Decimal(10), phases=3),
    ),
)


def test_a_schedule_in_the_charger_s_own_shape() -> None:
    assert differences(OURS, schedule((0, "16"), (40, "10"))) == []
    assert differences(OURS, schedule((0, "16"))) == [
        Difference(from_s=40, to_s=100, ours=Decimal(10), theirs=Decimal(16))
    ]
    assert differences(OURS, schedule((0, "6"), duration_s=30)) == [
        Difference(from_s=0, to_s=30, ours=Decimal(16), theirs=Decimal(6))
    ]


def test_no_periods_say_that_nothing_is_limited() -> None:
    assert [(one.from_s, one.to_s, one.theirs) for one in differences(OURS, schedule())] == [
        (0, 40, None),
        (40, 100, None),
    ]


def test_schedules_in_two_units_are_not_compared() -> None:
    with pytest.raises(UnitsDiffer):
        differences(OURS, msgspec.structs.replace(schedule((0, "16")), unit=Unit.W))
