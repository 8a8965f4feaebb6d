"""`zeus report` and `zeus exclusion`: what a person reads, what a program gets, and files for spreadsheets."""

import csv
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from rich.text import Text
from typer.testing import CliRunner

from entrypoints.cli import app
from entrypoints.commands.report_pictures import bar, heat_lines
from projections.reports.utilisation import HeatCell
from tests.projections.stories import START, TENANT, Fleet, Log, project

Zeus = Callable[..., str]
SPAN = ("--from", f"{START:%Y-%m-%dT%H:%MZ}", "--to", f"{START + timedelta(hours=3):%Y-%m-%dT%H:%MZ}")


@pytest.fixture
def zeus(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Zeus:
    """`zeus …` as typed, over an afternoon of five chargers."""
    fleet = Fleet(Log(postgres_dsn), 5, 5, pace_s=20)
    fleet.log.append(fleet.arrive())
    fleet.log.append(fleet.live(500))
    project(postgres_dsn)
    monkeypatch.setenv("DATABASE_URL", postgres_dsn)
    monkeypatch.setenv("ZEUS_TENANT", TENANT)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        project(postgres_dsn)
        return result.output

    return run


def test_every_report_has_a_table_json_and_csv(zeus: Zeus, tmp_path: Path) -> None:
    for name, *more in (
        ("energy", "--by", "connector,day"),
        ("uptime",),
        ("utilisation", "--svg", str(tmp_path / "week.svg")),
        ("funnel", "--by", "vendor,firmware"),
        ("errors", "--by", "model"),
        ("reliability",),
    ):
        words = ("report", name, *SPAN, *more)
        said = zeus(*words, "--json")
        told = json.loads(said[said.index("{") :])
        assert told["report"] == name
        assert told["items"], name
        assert told["as_of_position"] > 500
        file = tmp_path / f"{name}.csv"
        zeus(*words, "--csv", str(file))
        with file.open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        assert len(rows) == len(told["items"])
        shown = zeus(*words).splitlines()
        assert len(shown) > len(rows)
    assert (tmp_path / "week.svg").read_text().startswith("<svg")


def test_a_report_as_of_a_position_stays(zeus: Zeus, postgres_dsn: str) -> None:
    words = ("report", "energy", "--by", "tag", *SPAN, "--json")
    before = json.loads(zeus(*words))
    fleet = Fleet(Log(postgres_dsn), 6, 5)
    fleet.ids = [f"NEW{n}" for n in range(5)]
    fleet.register = dict.fromkeys(fleet.ids, fleet.register["CP00000"])
    fleet._n = 100_000
    fleet.log.append(fleet.live(200))
    project(postgres_dsn)
    after = json.loads(zeus(*words))
    assert after["items"] != before["items"]
    assert json.loads(zeus(*words, "--as-of", str(before["as_of_position"]))) == before
    assert "not come so far" in zeus(*words, "--as-of", "999999999", code=1)


def test_a_port_opens_to_its_minutes(zeus: Zeus) -> None:
    told = json.loads(zeus("report", "uptime", "--charger", "cp00001", "--minutes", "1", *SPAN, "--json"))
    assert {"begin", "state", "event"} <= told["items"][0].keys()
    shown = zeus("report", "uptime", "--charger", "cp00001", "--minutes", "1", *SPAN)
    assert "charger/acme/CP00001@" in shown


def test_an_exclusion_is_declared_listed_and_withdrawn(zeus: Zeus) -> None:
    period = ("--from", "2026-03-02T09:00Z", "--to", "2026-03-02T10:00Z")
    assert "needs evidence" in zeus("exclusion", "declare", "CP00001", "vandalism", *period, code=1)
    declared = zeus(
        "exclusion", "declare", "CP00001", "vandalism", *period, "--evidence", "[red]seen", "--json"
    )
    name = json.loads(declared)["id"]
    rows = {row["id"]: row for row in json.loads(zeus("exclusion", "list", "--json"))["exclusions"]}
    assert rows[name]["evidence"] == "[red]seen"
    assert name in zeus("exclusion", "list", "--charger", "cp00001")
    assert "does not hold" in zeus("exclusion", "withdraw", name, "--reason", "another charger")
    assert "withdrawn before" in zeus("exclusion", "withdraw", name, "--reason", "again", code=1)
    assert name not in zeus("exclusion", "list")
    assert "another charger" in zeus("exclusion", "list", "--all")
    assert "no exclusion of this id" in zeus("exclusion", "withdraw", "f" * 22, "--reason", "x", code=1)
    assert "50 kW" in zeus("exclusion", "rate", "CP00001", "1", "50")


def test_what_cannot_be_meant_is_said(zeus: Zeus) -> None:
    assert "site, charger" in zeus("report", "energy", "--by", "moon", code=2)
    assert "time zone" in zeus("report", "energy", "--tz", "Mars/Olympus", code=2)
    assert "no month" in zeus("report", "uptime", "--month", "2026-13", code=2)
    assert "not begun" in zeus("report", "uptime", "--formula", "uk", "--year", "8999", code=2)
    assert "before it ends" in zeus("report", "energy", "--from", "2026-03-02", "--to", "2026-03-01", code=2)


def test_pictures_are_as_long_as_what_they_show() -> None:
    assert [bar(share, 4) for share in (0, 1 / 32, 0.5, 1, 7)] == ["", "▏", "██", "████", "████"]
    cells = [
        HeatCell(weekday=1, hour=0, in_use_s=1, connector_s=1, share=None),
        HeatCell(weekday=7, hour=23, in_use_s=1, connector_s=1, share="1.0000"),  # type: ignore[arg-type]
    ]
    lines = heat_lines(cells, colour=False)
    assert [len(line.plain) for line in lines] == [53] * 8
    assert lines[1].plain.startswith("Mon  ··")
    assert lines[7].plain.endswith("██")
    assert heat_lines(cells, colour=True)[7].spans
    assert isinstance(lines[0], Text)
