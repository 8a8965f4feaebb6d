"""Timestamps: what chargers write, the instant meant, and the flag that tells how it was read."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ocpp.timestamps import UNREADABLE, read_timestamp

AT = datetime(2023, 3, 30, 1, 58, 48, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected", "flags"),
    [
        ("2023-03-30T01:58:48Z", AT, ()),
        ("2023-03-30T01:58:48.001Z", AT.replace(microsecond=1000), ()),
        ("2023-03-30T01:58:48.123456789Z", AT.replace(microsecond=123456), ()),
        ("2023-03-30T01:58:48.1Z", AT.replace(microsecond=100000), ()),
        ("2023-03-30T03:58:48+02:00", AT, ()),
        ("2023-03-30T03:58:48+0200", AT, ()),
        ("2023-03-30T03:58:48.000 +02:00", AT, ()),
        ("2023-03-29T21:58:48-04", AT, ()),
        ("2023-03-30t01:58:48z", AT, ()),
        (" 2023-03-30 01:58:48Z ", AT, ()),
        ("2023-03-30 01:58:48 UTC", AT, ()),
        ("2023-03-30T01:58:48.Z", AT, ()),
        ("2023-03-30T01:58Z", AT.replace(second=0), ()),
        ("2023-03-30T01:58:48", AT, ("no_zone",)),
        ("2023-03-30T01:58:48.000", AT, ("no_zone",)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC), ("leap_second",)),
        ("2016-12-31T23:59:60", datetime(2017, 1, 1, tzinfo=UTC), ("leap_second", "no_zone")),
        ("1970-01-01T00:00:12Z", datetime(1970, 1, 1, 0, 0, 12, tzinfo=UTC), ("implausible_year",)),
        ("2106-02-07T06:28:15Z", datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC), ("implausible_year",)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC), ("implausible_year",)),
        (1680141528, AT, ("epoch",)),
        (1680141528000, AT, ("epoch",)),
        (1680141528.5, AT.replace(microsecond=500000), ("epoch",)),
        (Decimal("1680141528.25"), AT.replace(microsecond=250000), ("epoch",)),
        ("1680141528", AT, ("epoch",)),
        (100000000, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC), ("epoch", "implausible_year")),
    ],
)
def test_reads(text: Any, expected: datetime, flags: tuple[str, ...]) -> None:
    instant = read_timestamp(text)
    assert instant.at == expected
    assert instant.at.tzinfo is UTC
    assert instant.flags == flags


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2023-03-30",
        "2023-W13-4",
        "20230330T015848Z",
        "2023-02-30T00:00:00Z",
        "2023-03-30T25:00:00Z",
        "0000-00-00T00:00:00Z",
        "0001-01-01T00:00:00+02:00",
        "9999-12-31T23:59:59-02:00",
        "9999-12-31T23:59:60Z",
        "30.03.2023T01:58:48Z",
        "2023-03-30T01:58:48ZZ",
        "x" * 100,
        "12",
        12,
        -1,
        10**20,
        float("nan"),
        1e30,
        True,
        None,
        [],
        {},
        "\uff12023-03-30T01:58:48Z",
    ],
)
def test_refuses_what_is_no_instant(text: Any) -> None:
    assert read_timestamp(text) is UNREADABLE


@given(st.datetimes(min_value=datetime(2010, 1, 1), max_value=datetime(2099, 12, 31)))  # noqa: DTZ001 made aware
@settings(max_examples=100, deadline=None)
def test_reads_back_what_we_write(naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC)
    assert read_timestamp(at.isoformat().replace("+00:00", "Z")).at == at
    assert read_timestamp(at.isoformat()).at == at


@given(
    st.text(max_size=70)
    | st.text(alphabet="0123456789-:T.Z+ ", max_size=40)
    | st.integers()
    | st.floats()
    | st.none()
)
@settings(max_examples=300, deadline=None)
def test_never_raises(value: Any) -> None:
    instant = read_timestamp(value)
    assert (instant.at is None) == (instant is UNREADABLE)
