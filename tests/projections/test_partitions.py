"""Partitions are there before their rows and go when they are old, in whichever schema."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from projections.partitions import drop_expired, ensure_partitions, expired_partitions, partitions
from projections.read_model import Link

DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def link(postgres_dsn: str) -> Iterator[Link]:
    """Autocommit, with a partitioned table of one name in two schemas."""
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA building")
        for schema in ("public", "building"):
            columns = "(at timestamptz PRIMARY KEY, n int DEFAULT 7)"
            connection.execute(f"CREATE TABLE {schema}.points {columns} PARTITION BY RANGE (at)".encode())
        yield connection


def _insert(link: Link, at: datetime) -> None:
    link.execute("INSERT INTO points (at) VALUES (%s)", [at])


def test_weeks_begin_on_monday_and_are_made_once(link: Link) -> None:
    moments = [MONDAY - timedelta(microseconds=1), MONDAY, MONDAY + 6 * DAY]
    assert ensure_partitions(link, "points", moments) == 2
    assert ensure_partitions(link, "points", moments) == 0
    assert ensure_partitions(link, "points", []) == 0
    assert [(p.name, p.begin, p.end) for p in partitions(link, "points")] == [
        ("points_p20260223", MONDAY - 7 * DAY, MONDAY),
        ("points_p20260302", MONDAY, MONDAY + 7 * DAY),
    ]
    for moment in moments:
        _insert(link, moment)
    assert link.execute("SELECT count(*), sum(n) FROM points").fetchone() == (3, 21)


def test_time_zones_do_not_move_the_bounds(link: Link) -> None:
    link.execute("SET timezone = 'Australia/Adelaide'")
    ensure_partitions(link, "points", [MONDAY])
    assert partitions(link, "points")[0].begin == MONDAY


def test_steps_below_a_day_and_a_changed_step_fit_around_what_is_there(link: Link) -> None:
    assert ensure_partitions(link, "points", [MONDAY + 2 * DAY], step=DAY) == 1
    assert ensure_partitions(link, "points", [MONDAY + 5 * DAY]) == 2
    assert ensure_partitions(link, "points", [MONDAY + 9 * DAY], step=timedelta(hours=6)) == 1
    bounds = [(p.begin - MONDAY, p.end - MONDAY) for p in partitions(link, "points")]
    assert bounds == [
        (0 * DAY, 2 * DAY),
        (2 * DAY, 3 * DAY),
        (3 * DAY, 7 * DAY),
        (9 * DAY, 9 * DAY + timedelta(hours=6)),
    ]
    for moment in (MONDAY, MONDAY + 2 * DAY, MONDAY + 6 * DAY, MONDAY + 9 * DAY):
        _insert(link, moment)


def test_a_longer_step_fills_up_the_days_that_are_there(link: Link) -> None:
    assert ensure_partitions(link, "points", [MONDAY], step=DAY) == 1
    assert ensure_partitions(link, "points", [MONDAY + 3 * DAY]) == 1
    assert ensure_partitions(link, "points", [MONDAY + 3 * DAY]) == 0
    _insert(link, MONDAY + 3 * DAY)


def test_the_schema_of_the_search_path_is_meant(link: Link) -> None:
    link.execute("SET search_path = building, public")
    assert ensure_partitions(link, "points", [MONDAY]) == 1
    _insert(link, MONDAY)
    link.execute("SET search_path = public")
    assert partitions(link, "points") == []
    assert ensure_partitions(link, "points", [MONDAY]) == 1
    assert link.execute("SELECT count(*) FROM points").fetchone() == (0,)


def test_expired_partitions_are_dropped_and_the_rest_is_kept(link: Link) -> None:
    ensure_partitions(link, "points", [MONDAY + n * 7 * DAY for n in range(4)])
    assert [p.begin for p in expired_partitions(link, "points", MONDAY + 14 * DAY)] == [
        MONDAY,
        MONDAY + 7 * DAY,
    ]
    assert len(expired_partitions(link, "points", MONDAY + 13 * DAY)) == 1
    assert drop_expired(link, "points", MONDAY + 14 * DAY) == 2
    assert drop_expired(link, "points", MONDAY + 14 * DAY) == 0
    assert len(partitions(link, "points")) == 2
    assert link.execute("SELECT to_regclass('points_p20260302')").fetchone() == (None,)


def test_a_drop_that_was_cut_off_is_finished(link: Link) -> None:
    ensure_partitions(link, "points", [MONDAY, MONDAY + 7 * DAY])
    link.execute("ALTER TABLE points DETACH PARTITION points_p20260302")
    assert drop_expired(link, "points", MONDAY) == 1
    assert link.execute("SELECT to_regclass('points_p20260302')").fetchone() == (None,)


def test_a_late_row_gets_its_partition_again_after_a_cut_off_drop(link: Link) -> None:
    ensure_partitions(link, "points", [MONDAY])
    link.execute("ALTER TABLE points DETACH PARTITION points_p20260302")
    assert ensure_partitions(link, "points", [MONDAY]) == 1
    _insert(link, MONDAY)


def test_a_table_that_is_not_there_is_told(link: Link) -> None:
    with pytest.raises(LookupError, match="nowhere"):
        ensure_partitions(link, "nowhere", [MONDAY])
