"""Sessions from public data with all its odd rows, and drawn ones."""

import os
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path

import pytest

from entrypoints.simulator.dialects.v16 import V16
from entrypoints.simulator.replay import charger_story
from entrypoints.simulator.sessions import Session, drawn_sessions, parse_perth_kinross, read_perth_kinross
from entrypoints.simulator.story import Equipment

_HEAD = "_id,CP_ID,Connector,Start_Date,Start_Time,End_Date,End_Time,Total_kWh,Site,Model,OBJECTID"
_DAY = "2017/08/31 00:00:00"
_FIELD = Path(os.environ.get("ZEUS_FIELD_DATA") or Path(__file__).parents[2] / "../shared/field")


def _one(start: str, end: str, kwh: str = "5.5", model: str = "APT 7kW Dual Outlet") -> Session:
    row = f'1,51519,2,{start},{end},{kwh},"Broxden, Perth",{model},0'
    return parse_perth_kinross([_HEAD, row])[0]


def test_a_plain_row_is_exact() -> None:
    session = _one(f"{_DAY},22:12:00", f"{_DAY},23:11:00", "11.437")
    assert session.charger == "51519"
    assert session.connector == 2
    assert session.start == datetime(2017, 8, 31, 22, 12, tzinfo=UTC)
    assert session.end == datetime(2017, 8, 31, 23, 11, tzinfo=UTC)
    assert (session.energy_wh, session.max_power_w, session.oddities) == (11_437, 7_000.0, ())


def test_a_missing_end_stays_missing() -> None:
    session = _one(f"{_DAY},22:12:00", ",", "")
    assert (session.end, session.energy_wh, session.oddities) == (None, None, ("no end",))


def test_swapped_days_are_read_the_other_way() -> None:
    session = _one("2017/07/31 00:00:00,21:32:00", "2017/01/08 00:00:00,12:31:00")
    assert (session.end, session.oddities) == (datetime(2017, 8, 1, 12, 31, tzinfo=UTC), ("end swapped",))
    session = _one("2017/12/07 00:00:00,18:17:00", "2017/07/13 00:00:00,08:48:00")
    assert session.start == datetime(2017, 12, 7, 18, 17, tzinfo=UTC)
    assert session.end == datetime(2017, 12, 8, 8, 48, tzinfo=UTC)
    assert session.oddities == ("start swapped",)


def test_an_end_before_the_start_that_nothing_explains_is_the_start() -> None:
    session = _one("2017/08/31 00:00:00,10:00:00", "2017/08/30 00:00:00,09:00:00")
    assert session.end == session.start
    assert session.oddities == ("end before start", "no length")


def test_zero_energy_and_long_stays_are_kept() -> None:
    session = _one("2017/08/01 00:00:00,10:00:00", "2017/08/20 00:00:00,10:00:00", "0")
    assert (session.energy_wh, session.oddities) == (0, ("long", "no energy"))


def test_overlaps_are_marked_and_told_one_after_the_other() -> None:
    rows = [
        f"1,A,1,{_DAY},10:00:00,{_DAY},12:00:00,4,x,APT 22kW Dual Outlet,0",
        f"2,A,1,{_DAY},11:00:00,{_DAY},11:30:00,6,x,APT 22kW Dual Outlet,0",
    ]
    sessions = parse_perth_kinross([_HEAD, *rows])
    assert [session.oddities for session in sessions] == [(), ("overlaps",)]
    calls = charger_story(Equipment(charger_id="A"), V16(), sessions, 1, samples=1)
    told = [call for call in calls if call.kept]
    assert [call.action for call in told] == ["StartTransaction", "MeterValues", "StopTransaction"] * 2
    assert told[2].payload["timestamp"] > told[3].payload["timestamp"]
    assert told[5].payload["meterStop"] - told[0].payload["meterStart"] == 10_000


def test_the_month_is_that_of_the_start_as_written_and_a_row_without_charger_is_refused() -> None:
    rows = [_HEAD, f"1,A,1,{_DAY},10:00:00,{_DAY},12:00:00,4,x,M,0"]
    assert len(parse_perth_kinross(rows, "2017-08")) == 1
    assert parse_perth_kinross(rows, "2017-07") == []
    with pytest.raises(ValueError, match="line 2"):
        parse_perth_kinross([_HEAD, f"1,,1,{_DAY},10:00:00,{_DAY},12:00:00,4,x,M,0"])


def test_the_whole_file(tmp_path: Path) -> None:
    path = _FIELD / "perth_kinross_2016_2017.csv"
    if not path.exists():
        pytest.skip("no field data here")
    sessions = read_perth_kinross(path)
    assert len(sessions) == 13_676
    assert sum(session.end is None for session in sessions) == 37
    assert all(session.end is None or session.end >= session.start for session in sessions)
    assert len(read_perth_kinross(path, "2017-08")) == 1282


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "sessions.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{_HEAD}\n1,A,1,{_DAY},10:00:00,{_DAY},12:00:00,4,x,M,0\n".encode())
    assert read_perth_kinross(path)[0].energy_wh == 4000


def test_drawn_sessions_are_seeded_follow_each_other_and_prefer_the_day() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    drawn = list(islice(drawn_sessions("A", 1, start, 1), 500))
    assert drawn == list(islice(drawn_sessions("A", 1, start, 1), 500))
    assert drawn != list(islice(drawn_sessions("A", 1, start, 2), 500))
    for before, after in pairwise(drawn):
        assert before.end is not None
        assert after.start - before.end >= timedelta(seconds=60)
    by_day = sum(8 <= session.start.hour < 20 for session in drawn)
    assert by_day > 250
