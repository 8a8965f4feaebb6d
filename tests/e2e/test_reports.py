"""Real sessions told over sockets: every figure of the reports equals one computed from the file alone.

The sessions are moved by whole weeks to three months ago: nobody hears today from a charger of 2017.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from entrypoints.simulator.fleet import run_sessions
from entrypoints.simulator.sessions import Session, parse_perth_kinross
from projections.attempts.projection import Attempts
from projections.availability.projection import Availability
from projections.session_figures.projection import SessionFigures
from tests.e2e.conditions import until
from tests.e2e.perth import CSV, MONTH, VERSIONS
from tests.e2e.rebuilt import differences
from tests.e2e.zeus_process import TOKEN, ZeusProcess

pytestmark = pytest.mark.slow

HEAD = "_id,CP_ID,Connector,Start_Date,Start_Time,End_Date,End_Time,Total_kWh,Site,Model,OBJECTID"
SMALL = f"""{HEAD}
1,9001,1,2017/05/01 00:00:00,08:00:00,2017/05/01 00:00:00,09:30:00,12.345,A,APT 22kW Dual Outlet,0
2,9001,1,2017/05/01 00:00:00,10:00:00,2017/05/01 00:00:00,10:00:00,0,A,APT 22kW Dual Outlet,1
3,9001,2,2017/05/02 00:00:00,23:10:00,2017/05/03 00:00:00,00:50:00,9.999,A,APT 22kW Dual Outlet,2
4,9002,1,2017/05/02 00:00:00,12:00:00,,,,B,Siemens Triple Rapid Charger,3
5,9002,1,2017/05/04 00:00:00,12:00:00,2017/05/04 00:00:00,12:31:00,20.01,B,Siemens Triple Rapid Charger,4
6,9003,1,2017/05/03 00:00:00,07:00:00,2017/05/06 00:00:00,07:00:00,33.3,B,APT Triple Rapid Charger,5
7,9003,1,2017/05/07 00:00:00,07:00:00,2017/05/07 00:00:00,08:00:00,1.5,B,APT Triple Rapid Charger,6
"""
CELL = tuple[str, int, str]
"""Charger, connector, day."""


@dataclass
class Books:
    """What a file says, read with the csv module alone."""

    sessions: Counter[CELL] = field(default_factory=Counter)
    unended: Counter[tuple[str, int]] = field(default_factory=Counter)
    energy_wh: Counter[tuple[str, int]] = field(default_factory=Counter)
    of_a_day: Counter[CELL] = field(default_factory=Counter)
    """Energy of sessions that begin and end on one day."""
    cut: set[CELL] = field(default_factory=set)
    """Days that a session begins or ends on which midnight cuts, or whose end cannot be read off the file."""
    plugged_s: Counter[tuple[str, int]] = field(default_factory=Counter)
    odd: set[tuple[str, int]] = field(default_factory=set)
    """Connectors with a session whose end lies before its start, as the file has it."""


def books_of(text: str, month: str, shift: timedelta, mark: str) -> Books:
    """Shares no code with the simulator nor with the server."""
    books = Books()
    for row in csv.DictReader(StringIO(text)):
        if not row["Start_Date"].startswith(month.replace("-", "/")):
            continue
        charger, connector = mark + row["CP_ID"], int(row["Connector"])
        start = moment(row["Start_Date"], row["Start_Time"]) + shift
        place, day = (charger, connector), f"{start:%Y-%m-%d}"
        wh = int(Decimal(row["Total_kWh"] or "0") * 1000)
        books.sessions[charger, connector, day] += 1
        books.energy_wh[place] += wh
        if not row["End_Date"]:
            books.unended[place] += 1
            continue
        end = moment(row["End_Date"], row["End_Time"]) + shift
        if end < start:
            books.odd.add(place)
        books.plugged_s[place] += int((end - start).total_seconds())
        if end.date() == start.date() and end >= start:
            books.of_a_day[charger, connector, day] += wh
            continue
        days = (max(end, start).date() - min(start, end).date()).days + 35  # a mended end lies within a week
        first = min(start, end) - timedelta(days=31)
        books.cut |= {(charger, connector, f"{first + timedelta(days=n):%Y-%m-%d}") for n in range(days + 31)}
    return books


def moment(day: str, clock: str) -> datetime:
    """As the file writes it, in UTC."""
    return datetime.strptime(f"{day[:10]} {clock} +0000", "%Y/%m/%d %H:%M:%S %z")


def moved(sessions: Sequence[Session], shift: timedelta, mark: str) -> list[Session]:
    """The sessions of other chargers at another time."""
    return [
        msgspec.structs.replace(
            one,
            charger=mark + one.charger,
            start=one.start + shift,
            end=None if one.end is None else one.end + shift,
        )
        for one in sessions
    ]


def whole_file() -> str:
    """Of the council."""
    return Path(CSV).read_text(encoding="utf-8-sig")


def reported(server: ZeusProcess, path: str, **query: str) -> Any:
    """A report of the server, as JSON."""
    address = f"http://127.0.0.1:{server.port}"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = address + (path if path.startswith("/api") else f"/api/ocpp/reports/{path}")
    answer = httpx.get(url, params=query or None, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("source", ["small", "field"])
async def test_reports_equal_the_file(server: ZeusProcess, source: str) -> None:
    if source == "field" and not CSV.exists():
        pytest.skip("the field data folder (ZEUS_FIELD_DATA) is absent")
    text = SMALL if source == "small" else whole_file()
    mark = {"small": "RS", "field": "RF"}[source]
    weeks = (datetime.now(UTC) - datetime(2017, 5, 1, tzinfo=UTC)).days // 7 - 13
    shift = timedelta(weeks=weeks)
    books = books_of(text, MONTH, shift, mark)
    sessions = moved(parse_perth_kinross(StringIO(text), MONTH), shift, mark)
    chargers = sorted({session.charger for session in sessions})
    await server.register(chargers)
    versions = {charger: VERSIONS[n % 3] for n, charger in enumerate(chargers)}
    told = await run_sessions(
        server.url,
        sessions,
        version_of=versions.__getitem__,
        token_of=lambda session: f"{mark}-{session.connector}",
    )
    assert told.fleet.errors == {}
    count = sum(books.sessions.values())
    span = {"from": f"{datetime(2017, 5, 1, tzinfo=UTC) + shift:%Y-%m-%d}"}

    def by_day() -> Any:
        report = reported(server, "energy", by="connector,day", **span)
        report["items"] = [one for one in report["items"] if one["charger"].startswith(mark)]
        ended = sum(one["sessions"] - one["unended"] for one in report["items"])
        return report if ended >= count - sum(books.unended.values()) else None

    report = await until(by_day, f"{count} sessions in the report", timeout_s=60)
    compare(report["items"], books)
    tags = {
        one["id_token"]: (one["sessions"], one["energy_wh"])
        for one in reported(server, "energy", by="tag", **span)["items"]
        if (one["id_token"] or "").startswith(mark)
    }
    expected: dict[str, tuple[int, int]] = {}
    for connector in {place[1] for place in books.energy_wh}:
        own = sum(n for (_, one, _), n in books.sessions.items() if one == connector)
        wh = sum(n for (_, one), n in books.energy_wh.items() if one == connector)
        expected[f"{mark}-{connector}"] = (own, wh)
    assert tags == expected
    ended = count - sum(books.unended.values())

    def funnel() -> tuple[int, int] | None:
        """Attempts are dated by our clock: they are of now, whenever the sessions were."""
        today = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
        items = reported(server, "funnel", by="charger", **{"from": today})["items"]
        own = [one for one in items if one["charger"].startswith(mark)]
        found = sum(one["started"] for one in own), sum(one["stopped_properly"] for one in own)
        return found if found == (count, ended) else None

    assert await until(funnel, f"{count} attempts, {ended} of them ended")
    again = reported(server, report["again"])
    assert [one for one in again["items"] if one["charger"].startswith(mark)] == report["items"]


def compare(items: list[dict[str, Any]], books: Books) -> None:
    """Each cell that midnight leaves alone, and every connector in total."""
    cells = {(one["charger"], one["evse_id"], one["day"]): one for one in items}
    begun = {cell: one["sessions"] for cell, one in cells.items() if one["sessions"]}
    assert begun == dict(books.sessions)
    checked = 0
    for cell, wh in books.of_a_day.items():
        if cell not in books.cut:
            assert cells[cell]["energy_wh"] == wh, cell
            checked += 1
    assert checked > len(books.of_a_day) // 4
    for (charger, connector), wh in books.energy_wh.items():
        own = [one for one in items if (one["charger"], one["evse_id"]) == (charger, connector)]
        assert sum(one["energy_wh"] for one in own) == wh, (charger, connector)
        assert sum(one["unended"] for one in own) == books.unended[charger, connector]
        if (charger, connector) not in books.odd:
            assert sum(one["plugged_s"] for one in own) == books.plugged_s[charger, connector]


def test_rebuilt_reports_are_live_ones(server: ZeusProcess) -> None:
    assert differences(server.dsn, (Availability(), SessionFigures(), Attempts())) == []
