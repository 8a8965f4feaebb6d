"""Days of 23, 24 and 25 hours, and energy that is cut at them without losing a Wh."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import ZoneUnknown, local_day, midnight, midnights, month_of, twelve_months_to, zone_of
from domain.transactions.shares import Reading, shares

LONDON = ZoneInfo("Europe/London")
BEGIN = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
END = BEGIN + timedelta(hours=4)


@pytest.mark.parametrize(
    ("day", "minutes"),
    [(date(2026, 3, 29), 1_380), (date(2026, 10, 25), 1_500), (date(2026, 3, 30), 1_440)],
)
def test_days_on_which_the_clock_changes(day: date, minutes: int) -> None:
    length = midnight(day + timedelta(days=1), LONDON) - midnight(day, LONDON)
    assert length == timedelta(minutes=minutes)


def test_a_day_whose_midnight_is_skipped_begins_at_the_change() -> None:
    santiago = ZoneInfo("America/Santiago")  # 2026-09-06 00:00 does not exist: it is 01:00 at once
    assert midnight(date(2026, 9, 6), santiago) == datetime(2026, 9, 6, 4, tzinfo=UTC)
    assert local_day(datetime(2026, 9, 6, 4, tzinfo=UTC), santiago) == date(2026, 9, 6)


def test_midnights_between() -> None:
    found = list(midnights(BEGIN, BEGIN + timedelta(days=3), LONDON))
    assert found == [datetime(2026, 3, day, tzinfo=UTC) for day in (2, 3, 4)]
    assert list(midnights(found[0], found[1], LONDON)) == [], "neither the begin nor the end"


def test_months() -> None:
    assert month_of(2026, 12) == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert twelve_months_to(datetime(2026, 3, 1, tzinfo=UTC)) == datetime(2025, 4, 1, tzinfo=UTC)
    assert twelve_months_to(datetime(2026, 12, 1, tzinfo=UTC)) == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ZoneUnknown):
        zone_of("../etc/passwd")


def test_a_session_over_midnight_is_cut_by_what_was_read() -> None:
    # 4 h, 10,000 Wh; at 23:45 it had 9,000, at 00:15 it had 9,100: at midnight 9,050
    readings = [
        Reading(BEGIN + timedelta(minutes=105), Decimal(9000)),
        Reading(BEGIN + timedelta(minutes=135), Decimal(9100)),
    ]
    assert shares(BEGIN, END, 10_000, readings, [BEGIN + timedelta(hours=2)]) == [9050, 950]


def test_without_readings_energy_flows_evenly() -> None:
    assert shares(BEGIN, END, 10_001, [], [BEGIN + timedelta(hours=1)]) == [2500, 7501]


def test_a_register_that_goes_back_takes_nothing_from_anybody() -> None:
    readings = [
        Reading(BEGIN + timedelta(hours=hours), Decimal(wh)) for hours, wh in ((1, 800), (2, 100), (3, 9999))
    ]
    cuts = [BEGIN + timedelta(hours=hours) for hours in (1, 2, 3)]
    assert shares(BEGIN, END, 1000, readings, cuts) == [800, 0, 200, 0]


moments = st.integers(1, 4 * 3600 - 1).map(lambda seconds: BEGIN + timedelta(seconds=seconds))


@given(
    st.integers(0, 10**6),
    st.lists(st.builds(Reading, moments, st.decimals(-(10**4), 10**7, places=2))),
    st.lists(moments, unique=True, max_size=5),
)
def test_parts_are_never_negative_and_add_up(
    energy_wh: int, readings: list[Reading], cuts: list[datetime]
) -> None:
    parts = shares(BEGIN, END, energy_wh, readings, sorted(cuts))
    assert sum(parts) == energy_wh
    assert min(parts) >= 0
    finer = shares(BEGIN, END, energy_wh, readings, sorted({*cuts, BEGIN + timedelta(hours=2)}))
    assert sum(finer) == energy_wh, "a further cut moves nothing across the others"
    marks = {cut: sum(parts[: n + 1]) for n, cut in enumerate(sorted(cuts))}
    of_finer = {cut: sum(finer[: n + 1]) for n, cut in enumerate(sorted({*cuts, BEGIN + timedelta(hours=2)}))}
    assert all(of_finer[cut] == mark for cut, mark in marks.items())
    assert all(before <= after for before, after in pairwise(sorted(marks.values())))
