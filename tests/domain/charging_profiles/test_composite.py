"""The composite schedule is, at every second, what the profiles one by one amount to."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.charging_profiles.profile import (
    ChargingProfile,
    Kind,
    Period,
    Placed,
    Purpose,
    Recurrency,
    Schedule,
    Unit,
)
from domain.charging_profiles.schedule import Composite, Running, composite
from tests.domain.charging_profiles.second_by_second import Asked, limit_at
from tests.domain.charging_profiles.worlds import NOON, moments, transactions, worlds

TINY = Fraction(1, 10**20)
"""A third of an ampere has no end as a decimal; 28 digits are as near as it gets."""
DAY_S, WEEK_S = 86_400, 604_800


def told_at(found: Composite, second: int) -> tuple[Decimal | None, int | None]:
    """What the composite says of a second."""
    stretch = [one for one in found.periods if one.start_s <= second][-1]
    return stretch.limit, stretch.phases


def compose(world: list[Placed], asked: Asked, duration_s: int) -> Composite:
    return composite(
        world,
        evse_id=asked.evse_id,
        start=asked.start,
        duration_s=duration_s,
        unit=Unit(asked.unit),
        transaction=asked.transaction,
        nominal_v=Decimal(asked.nominal_v),
        phases=asked.phases,
    )


def assert_agrees(world: list[Placed], asked: Asked, found: Composite, seconds: list[int]) -> None:
    for second in seconds:
        limit, phases = told_at(found, second)
        expected, usable = limit_at(world, asked, second)
        assert phases == usable, second
        assert (limit is None) == (expected is None), second
        if limit is not None and expected is not None:
            assert abs(Fraction(limit) - expected) <= TINY, (second, limit, expected)


questions = st.builds(
    Asked,
    st.sampled_from((0, 1, 1, 1, 2)),
    moments(60),
    st.sampled_from(("A", "W")),
    transactions,
    st.sampled_from((230, 120)),
    st.sampled_from((3, 3, 1)),
)


@settings(max_examples=250, deadline=None)
@given(worlds(), questions, st.integers(0, 200))
def test_every_second_is_what_the_profiles_amount_to(
    world: list[Placed], asked: Asked, duration_s: int
) -> None:
    found = compose(world, asked, duration_s)
    assert_agrees(world, asked, found, list(range(max(1, duration_s))))


@settings(max_examples=100, deadline=None)
@given(worlds(), questions, st.integers(0, 200))
def test_stretches_start_at_0_rise_end_in_time_and_differ(
    world: list[Placed], asked: Asked, duration_s: int
) -> None:
    periods = compose(world, asked, duration_s).periods
    starts = [one.start_s for one in periods]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] < max(1, duration_s)
    for one, following in pairwise(periods):
        assert (one.limit, one.phases) != (following.limit, following.phases)


@settings(max_examples=60, deadline=None)
@given(
    worlds(spread_s=2 * DAY_S, most=5),
    questions,
    st.sampled_from((DAY_S + 100, 3 * DAY_S, WEEK_S + DAY_S)),
    st.randoms(use_true_random=False),
)
def test_days_and_weeks_agree_at_every_edge_and_here_and_there(
    world: list[Placed], asked: Asked, duration_s: int, random: Random
) -> None:
    found = compose(world, asked, duration_s)
    edges = {one.start_s + step for one in found.periods[:40] for step in (-1, 0, 1)}
    edges |= {random.randrange(duration_s) for _ in range(60)} | {0, duration_s - 1}
    assert_agrees(world, asked, found, sorted(edge for edge in edges if 0 <= edge < duration_s))


@settings(max_examples=80, deadline=None)
@given(worlds(), questions, st.integers(1, 200), st.randoms(use_true_random=False))
def test_the_order_of_profiles_does_not_matter(
    world: list[Placed], asked: Asked, duration_s: int, random: Random
) -> None:
    shuffled = list(world)
    random.shuffle(shuffled)
    assert compose(shuffled, asked, duration_s) == compose(world, asked, duration_s)


def profile(
    purpose: Purpose,
    *limits: tuple[int, str],
    number: int = 1,
    level: int = 0,
    kind: Kind = Kind.ABSOLUTE,
    duration_s: int | None = None,
    start_at: datetime | None = NOON,
    unit: Unit = Unit.A,
    phases: int | None = None,
    recurrency: Recurrency | None = None,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
    transaction: str = "",
) -> ChargingProfile:
    return ChargingProfile(
        profile_id=number,
        stack_level=level,
        purpose=purpose,
        kind=kind,
        schedules=(
            Schedule(
                unit=unit,
                periods=tuple(
                    Period(start_s=at, limit=Decimal(limit), phases=phases) for at, limit in limits
                ),
                duration_s=duration_s,
                start_at=None if kind in (Kind.RELATIVE, Kind.DYNAMIC) else start_at,
            ),
        ),
        recurrency=recurrency,
        valid_from=valid_from,
        valid_to=valid_to,
        transaction=transaction,
    )


def seen(
    *placed: tuple[int, ChargingProfile],
    evse_id: int = 1,
    duration_s: int = 400,
    unit: Unit = Unit.A,
    running: Running | None = None,
    start: datetime = NOON,
) -> list[tuple[int, str | None]]:
    found = composite(
        [Placed(profile=one, evse_id=place) for place, one in placed],
        evse_id=evse_id,
        start=start,
        duration_s=duration_s,
        unit=unit,
        transaction=running,
    )
    return [(one.start_s, None if one.limit is None else f"{one.limit:f}") for one in found.periods]


RUNNING = Running(started_at=NOON, reference="tx")


def test_no_profile_is_no_limit() -> None:
    assert seen() == [(0, None)]


def test_a_purpose_that_runs_out_gives_way_to_the_next_one() -> None:
    """As the certification's case of combined purposes has it: the TxProfile ends, the default shows, then the cap."""
    combined = (
        (0, profile(Purpose.CHARGER_MAX, (0, "10"), number=1)),
        (1, profile(Purpose.TX_DEFAULT, (0, "6"), (60, "8"), (120, "12"), number=2, duration_s=300)),
        (1, profile(Purpose.TX, (0, "8"), (50, "11"), (200, "6"), number=3, duration_s=260)),
    )
    assert seen(*combined, running=RUNNING) == [(0, "8"), (50, "10"), (200, "6"), (260, "10")]
    assert seen(*combined) == [(0, "6"), (60, "8"), (120, "10")]


def test_a_txprofile_is_for_its_transaction_alone() -> None:
    others = (1, profile(Purpose.TX, (0, "6"), transaction="another"))
    assert seen(others, running=RUNNING) == [(0, None)]
    assert seen((1, profile(Purpose.TX, (0, "6"), transaction="tx")), running=RUNNING) == [(0, "6")]


def test_the_default_of_one_evse_replaces_that_of_all_there_alone_and_even_before_it_is_valid() -> None:
    soon = NOON + timedelta(seconds=100)
    both = (
        (0, profile(Purpose.TX_DEFAULT, (0, "16"), number=1)),
        (1, profile(Purpose.TX_DEFAULT, (0, "10"), number=2, valid_from=soon)),
    )
    assert seen(*both, evse_id=1) == [(0, None), (100, "10")]
    assert seen(*both, evse_id=2) == [(0, "16")]
    assert seen(both[0], (1, profile(Purpose.TX_DEFAULT, (0, "10"), level=1))) == [(0, "10")]


def test_what_is_for_the_sessions_does_not_limit_the_charger_as_a_whole() -> None:
    held = (
        (0, profile(Purpose.CHARGER_MAX, (0, "63"))),
        (0, profile(Purpose.TX_DEFAULT, (0, "16"), number=2)),
    )
    assert seen(*held, evse_id=0) == [(0, "63")]


def test_priority_charging_takes_the_place_of_both_while_it_is_on() -> None:
    held = (
        (1, profile(Purpose.TX, (0, "6"), number=1)),
        (0, profile(Purpose.PRIORITY, (0, "32"), number=2, duration_s=100)),
    )
    assert seen(*held, running=RUNNING) == [(0, "6")]
    prior = msgspec.structs.replace(RUNNING, priority=True)
    assert seen(*held, running=prior) == [(0, "32"), (100, "6")]


def test_local_generation_comes_on_top_of_what_others_leave() -> None:
    held = (
        (0, profile(Purpose.CHARGER_MAX, (0, "32"), number=1)),
        (0, profile(Purpose.EXTERNAL, (0, "10"), number=2)),
        (0, profile(Purpose.LOCAL_GENERATION, (0, "6"), number=3, duration_s=60)),
    )
    assert seen(*held) == [(0, "16"), (60, "10")]
    assert seen(held[2]) == [(0, None)]


def test_watts_and_amperes_meet_by_phases() -> None:
    watts = (0, profile(Purpose.CHARGER_MAX, (0, "11040"), unit=Unit.W))
    single = (0, profile(Purpose.CHARGER_MAX, (0, "3680"), unit=Unit.W, phases=1))
    amperes = (1, profile(Purpose.TX_DEFAULT, (0, "16.5"), number=2))
    assert seen(watts) == [(0, "16")]
    assert seen(single) == [(0, "16")]
    assert seen(watts, amperes, unit=Unit.W) == [(0, "11040")]
    assert seen(amperes, unit=Unit.W) == [(0, "11385")]
    assert seen(single, amperes, unit=Unit.W) == [(0, "3680")]


def test_a_day_begins_anew_and_a_run_ends_with_its_duration() -> None:
    daily = profile(
        Purpose.TX_DEFAULT,
        (0, "6"),
        (3600, "10"),
        kind=Kind.RECURRING,
        recurrency=Recurrency.DAILY,
        duration_s=7200,
        start_at=NOON - timedelta(days=40, hours=1),
    )
    told = seen((0, daily), duration_s=2 * DAY_S)
    assert told[:4] == [(0, "10"), (3600, None), (DAY_S - 3600, "6"), (DAY_S, "10")]
    assert told[4:] == [(DAY_S + 3600, None), (2 * DAY_S - 3600, "6")]
    assert seen((0, daily), start=NOON - timedelta(days=41), duration_s=DAY_S)[0] == (0, None)


def test_a_relative_profile_counts_from_the_start_of_its_transaction() -> None:
    relative = (1, profile(Purpose.TX, (0, "6"), (60, "16"), kind=Kind.RELATIVE))
    begun = Running(started_at=NOON - timedelta(seconds=40))
    assert seen(relative, running=begun) == [(0, "6"), (20, "16")]


@pytest.mark.parametrize("periods", [1_000])
def test_a_year_of_weekly_profiles_is_composed_in_no_time(periods: int) -> None:
    weekly = profile(
        Purpose.TX_DEFAULT,
        *((n * 600, str(6 + n % 20)) for n in range(periods)),
        kind=Kind.RECURRING,
        recurrency=Recurrency.WEEKLY,
    )
    told = seen((0, weekly), duration_s=8 * WEEK_S)
    assert len(told) == 8 * periods
