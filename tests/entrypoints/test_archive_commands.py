"""`zeus archive`, and what `zeus rebuild` makes of archives and of files that somebody wrote."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from adapters.eventstore import schema
from domain.chargers.events import HeartbeatReceived, TokenPresented
from domain.identity import IdToken
from entrypoints.cli import app
from tests.adapters.exports.spring import live
from tests.projections.stories import TENANT, Log, project, stream, told
from tests.projections.test_rebuild_is_live import contents

Zeus = Callable[..., str]
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "refused_cards.py"


@pytest.fixture
def dsn(postgres_dsn: str) -> str:
    log = Log(postgres_dsn)
    live(log)
    shown = [(minute, verdict) for minute, verdict in ((1, "Accepted"), (2, "Invalid"), (60 * 24, "Blocked"))]
    log.tell(
        *((stream(), TokenPresented(id_token=IdToken("X"), verdict=word), told(at)) for at, word in shown)
    )
    project(postgres_dsn)
    return postgres_dsn


@pytest.fixture
def zeus(dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Zeus:
    """`zeus …` as typed, its exit code checked; what it wrote, in one line where it refused."""
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("ZEUS_TENANT", TENANT)
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path / "data"))

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else " ".join(result.output.split())

    return run


def cards(dsn: str) -> list[Any]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "SELECT charger, day::text, shown, refused FROM own_refused_cards.refused_cards ORDER BY 1, 2"
        ).fetchall()


def test_an_archive_rebuilds_what_is_live(
    zeus: Zeus, dsn: str, empty_postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = str(tmp_path / "log")
    assert "events up to" in zeus("archive", "--out", out)
    assert "1 files are what was written." in zeus("archive", "--verify", out)
    here = json.loads(zeus("rebuild", "--all", "--verify", "--json", "--from-archive", out))
    assert all(table["same"] for one in here.values() for table in one["tables"])
    before = contents(dsn)
    monkeypatch.setenv("DATABASE_URL", empty_postgres_dsn)
    there = json.loads(zeus("rebuild", "--all", "--verify", "--json", "--from-archive", out))
    assert {name: one["checksum"] for name, one in there.items()} == {
        name: one["checksum"] for name, one in here.items()
    }
    assert contents(empty_postgres_dsn) == before
    assert before["ocpp_sessions"]


def test_what_an_archive_cannot_do_is_said(zeus: Zeus, dsn: str, tmp_path: Path) -> None:
    assert "Where to?" in zeus("archive", code=1)
    assert "is no archive" in zeus("rebuild", "sessions", "--from-archive", str(tmp_path), code=1)
    part, whole = str(tmp_path / "part"), str(tmp_path / "whole")
    zeus("archive", "--out", part, "--tenant", "north")
    assert "is not all of it" in zeus("rebuild", "sessions", "--from-archive", part, code=1)
    told_json = json.loads(zeus("archive", "--out", whole, "--json"))
    assert told_json["manifest"]["events"] == told_json["manifest"]["head"]
    assert "name an empty folder" in zeus("archive", "--out", whole, code=1)
    Log(dsn).tell((stream("LATE"), HeartbeatReceived(), told()))
    project(dsn)
    assert "beyond the end of the archive" in zeus("rebuild", "sessions", "--from-archive", whole, code=1)
    file = next(Path(whole).glob("*.gz"))
    file.write_bytes(file.read_bytes()[:-9])
    assert "is damaged" in zeus("rebuild", "sessions", "--from-archive", whole, code=1)
    assert "bytes; " in zeus("archive", "--verify", whole, code=1)


def test_the_archive_of_another_log_is_refused(
    zeus: Zeus, empty_postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = str(tmp_path / "log")
    zeus("archive", "--out", out)
    schema.create(empty_postgres_dsn)
    live(Log(empty_postgres_dsn))
    monkeypatch.setenv("DATABASE_URL", empty_postgres_dsn)
    assert "has a log of its own" in zeus("rebuild", "sessions", "--from-archive", out, code=1)


def test_the_example_is_built_from_log_and_archive(zeus: Zeus, dsn: str, tmp_path: Path) -> None:
    built = json.loads(zeus("rebuild", "--from-file", str(EXAMPLE), "--json"))["refused_cards"]
    assert built["tables"][0]["rows"] == 2
    assert cards(dsn) == [("CP1", "2026-03-02", 2, 1), ("CP1", "2026-03-03", 1, 1)]
    zeus("archive", "--out", str(tmp_path / "log"))
    again = json.loads(
        zeus("rebuild", "--from-file", str(EXAMPLE), "--from-archive", str(tmp_path / "log"), "--json")
    )["refused_cards"]
    assert again["tables"] == built["tables"]
    assert again["position"] >= built["position"]  # writing an archive is an event too
    assert "refused_cards" not in zeus("read-models")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = 1", "defines no class"),
        (EXAMPLE.read_text().replace('"refused_cards", 1', '"Refused Cards", 1'), "is no name"),
        (
            EXAMPLE.read_text().replace("(TokenPresented.TOPIC,)", '("card.flew",)'),
            "no events called card.flew",
        ),
        (EXAMPLE.read_text().replace('{"shown": 1', '{"shown": 1 / 0'), "ZeroDivisionError"),
    ],
)
def test_a_file_that_cannot_be_built_is_told_why(zeus: Zeus, tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    assert why in zeus("rebuild", "--from-file", str(path), code=1)


def test_a_file_says_all_itself(zeus: Zeus, tmp_path: Path) -> None:
    assert "say nothing but" in zeus("rebuild", "sessions", "--from-file", str(EXAMPLE), code=1)
    assert "is no Python file" in zeus("rebuild", "--from-file", str(tmp_path / "none.py"), code=1)


def test_an_archive_names_nobody(
    zeus: Zeus, empty_postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    zeus("tag", "add", "0499887766", "--label", "Annabella")
    zeus("archive", "--out", str(tmp_path / "log"))
    text = b"".join(gzip.decompress(path.read_bytes()) for path in (tmp_path / "log").glob("*.gz"))
    assert b"id_token.issued" in text
    assert not any(word in text for word in (b"0499887766", b"Annabella"))
    monkeypatch.setenv("DATABASE_URL", empty_postgres_dsn)
    zeus("rebuild", "id_tags", "--from-archive", str(tmp_path / "log"))
    with psycopg.connect(empty_postgres_dsn) as connection:
        rows = connection.execute("SELECT token, label FROM ocpp_id_tags WHERE registered").fetchall()
    assert [(token[0], label) for token, label in rows] == [("~", None)]
