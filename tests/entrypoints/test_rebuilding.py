"""All read models at once, divided among processes: each once, evenly, and the same rows as one by one."""

import json
import threading
from pathlib import Path
from time import monotonic

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from entrypoints.cli import app
from entrypoints.database import prepare
from entrypoints.rebuilding import ShareLost, rebuild_divided, shares
from entrypoints.settings import Settings
from projections.catalogue import READ_MODELS
from tests.projections.stories import TENANT, Fleet, Log, project


@given(st.integers(1, 40))
def test_every_model_is_in_one_share(number: int) -> None:
    divided = shares(READ_MODELS, number)
    assert len(divided) == min(number, len(READ_MODELS))
    assert all(divided)
    assert sorted(name for share in divided for name in share) == sorted(model.name for model in READ_MODELS)


def test_two_shares_have_about_the_same_work() -> None:
    heavy = {"status_board", "message_log", "attempts", "availability"}
    assert [len(heavy & set(share)) for share in shares(READ_MODELS, 2)] == [2, 2]


@pytest.fixture
def settings(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Those of an installation with a small fleet."""
    fleet = Fleet(Log(postgres_dsn), 1, 5)
    fleet.log.append(fleet.arrive())
    fleet.log.append(fleet.live(200))
    project(postgres_dsn)
    monkeypatch.setenv("DATABASE_URL", postgres_dsn)
    monkeypatch.setenv("ZEUS_TENANT", TENANT)
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path))
    return Settings()


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("processes", ["1", "2"])
def test_built_in_processes_the_rows_are_the_live_ones(processes: str) -> None:
    done = CliRunner().invoke(app, ["rebuild", "--all", "--verify", "--processes", processes, "--json"])
    assert done.exit_code == 0, done.output
    built = json.loads(done.stdout)
    assert built.keys() == {model.name for model in READ_MODELS}
    tables = [table for one in built.values() for table in one["tables"]]
    assert sum(table["live_rows"] for table in tables) > 20
    assert all(table["same"] for table in tables)


def test_a_process_that_is_killed_is_said_and_the_builds_go_on(settings: Settings, postgres_dsn: str) -> None:
    prepare(postgres_dsn)
    killed = threading.Event()

    def kill() -> None:
        until = monotonic() + 60
        while monotonic() < until and not killed.is_set():
            for child in psutil.Process().children():
                if any("spawn_main" in word for word in child.cmdline()):
                    child.kill()
                    killed.set()
                    return

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(ShareLost):
        rebuild_divided(postgres_dsn, settings, READ_MODELS, 2, lambda at: None)
    killer.join()
    built = rebuild_divided(postgres_dsn, settings, READ_MODELS, 2, lambda at: None, verify=True)
    assert all(table.same for one in built.values() for table in one.tables)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    "words", [("sessions",), ("--all", "--from-archive", "log"), ("--from-file", "x.py")]
)
def test_processes_go_with_all_alone(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ["rebuild", *words, "--processes", "2"])
    assert done.exit_code == 1
    assert "--processes goes with" in done.output or "say nothing but" in done.output
