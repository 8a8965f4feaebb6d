"""`zeus export` as it is typed: what it writes, what it says, what it refuses."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.exports.columns import arrow
from entrypoints.cli import app
from tests.adapters.exports.spring import live
from tests.projections.stories import TENANT, Log, project

Zeus = Callable[..., str]


@pytest.fixture(scope="module")
def dsn(module_postgres_dsn: str) -> str:
    live(Log(module_postgres_dsn))
    project(module_postgres_dsn)
    return module_postgres_dsn


@pytest.fixture
def zeus(dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Zeus:
    """`zeus …` as typed, its exit code checked; what it wrote."""
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("ZEUS_TENANT", TENANT)
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path / "data"))

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.output

    return run


def test_an_export_is_written_and_verified(zeus: Zeus, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    text = zeus("export", "--from", "2026-03-28", "--to", "2026-04-02", "--out", out)
    assert [line.split("\t")[:3] for line in text.splitlines()[1:]] == [
        ["sessions", "24", "4"],
        ["samples", "72", "4"],
        ["status_changes", "36", "4"],
        ["connector_minutes", "15", "5"],
        ["commands", "12", "4"],
    ]
    assert "21 files are what was written." in zeus("export", "--verify", out)
    victim = next(Path(out, "samples").rglob("*.parquet"))
    victim.write_bytes(victim.read_bytes()[::-1])
    assert "its SHA-256 differs" in zeus("export", "--verify", out, code=1)
    assert len(json.loads(zeus("export", "--verify", out, "--json", code=1))["damage"]) == 1


def test_one_dataset_as_json_up_to_the_last_midnight(zeus: Zeus, tmp_path: Path) -> None:
    told = json.loads(zeus("export", "--dataset", "sessions", "--out", str(tmp_path / "out"), "--json"))
    manifest = told["manifest"]
    assert [one["name"] for one in manifest["datasets"]] == ["sessions"]
    assert (manifest["from"], manifest["tenant"]) == (None, TENANT)
    assert manifest["to"].endswith("T00:00:00Z")
    assert len(told["manifest_sha256"]) == 64


def test_what_cannot_be_done_is_said(zeus: Zeus, tmp_path: Path) -> None:
    assert "Where to?" in zeus("export", code=1)
    refused = zeus("export", "--dataset", "nothing", "--out", str(tmp_path / "a"), code=1)
    assert "There is no dataset 'nothing'. There are: sessions, samples" in " ".join(refused.split())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    assert "name an empty folder" in " ".join(zeus("export", "--out", str(tmp_path / "full"), code=1).split())
    assert "no manifest" in " ".join(zeus("export", "--verify", str(tmp_path / "full"), code=1).split())


def test_without_pyarrow_it_says_what_to_install(
    zeus: Zeus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrow.cache_clear()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "zeus-csms[analysis]" in zeus("export", "--out", str(tmp_path / "out"), code=1)
    assert not (tmp_path / "out").exists()
