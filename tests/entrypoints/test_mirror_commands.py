"""`zeus mirror` as a person types it, and over a database that goes away in the midst."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from adapters.mirror.mirroring import Standing
from entrypoints.cli import app
from entrypoints.database import prepare
from entrypoints.mirroring import Wanted, mirror, read_passwords, why_unfit
from entrypoints.settings import Settings
from tests.adapters.mirror.other_system import OtherSystem, other_system
from tests.adapters.mirror.test_mirroring import Log, agreeing, log_of
from tests.e2e.conditions import until

Zeus = Callable[..., tuple[int, str]]
NOWHERE = "ws://127.0.0.1:9/ocpp"


@pytest.fixture
def settings(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Of an installation whose log has CP-A, which said three things."""
    monkeypatch.setenv("DATABASE_URL", postgres_dsn)
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path))
    prepare(postgres_dsn)

    async def write() -> None:
        async with log_of(postgres_dsn) as log:
            await log.register("CP-A")
            await log.connect("CP-A", "c1")
            for n in range(3):
                await log.say("CP-A", f"m{n}")

    asyncio.run(write())
    return Settings()


@pytest.fixture
def zeus(settings: Settings) -> Zeus:
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["mirror", *words], catch_exceptions=False)
        return done.exit_code, " ".join(done.output.split())

    return run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", NOWHERE), "Whose traffic?"),
        (("--to", NOWHERE, "--all", "--charger", "CP-A"), "Whose traffic?"),
        (("--to", NOWHERE, "--charger", "a/b"), "cannot be a charge point id"),
        (("--to", NOWHERE, "--charger", "CP-Z"), "CP-Z: There is nothing of these chargers in the log"),
        (("--to", "https://x.example", "--all"), "begins with wss://"),
        (("--to", "wss://u:p@x.example", "--all"), "passwords go into --password-file"),
        (("--to", "ws://x.example/ocpp", "--all"), "everybody on the way can read along"),
        (("--to", NOWHERE, "--all", "--from", "2h", "--from-beginning"), "not both"),
        (("--to", NOWHERE, "--all", "--password-file", "/nowhere/at/all"), "cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(zeus: Zeus, words: tuple[str, ...], said: str) -> None:
    code, told = zeus("run", "trial", "--once", *words)
    assert code == 1
    assert said in told
    code, told = zeus("list", "--json")
    assert json.loads(told) == {"mirrors": []}


@pytest.mark.parametrize("name", ["Trial", "-", "a b", "", "x" * 41])
def test_names_are_plain(zeus: Zeus, name: str) -> None:
    code, told = zeus("run", "--to", NOWHERE, "--all", "--once", "--", name)
    assert code == 1
    assert "small letters, digits and hyphens" in told


def test_a_mirror_goes_on_where_it_was_and_can_be_forgotten(zeus: Zeus) -> None:
    run = ("run", "trial", "--to", NOWHERE, "--all", "--once")
    code, told = zeus(*run)
    assert code == 0
    assert told.endswith("Nothing was said yet.")
    code, told = zeus(*run, "--from-beginning")
    assert code == 1
    assert "trial: The mirror exists and goes on where it was" in told
    assert "trial" in zeus("list")[1]
    assert zeus("forget", "trial")[0] == 0
    assert "There is no mirror of this name" in zeus("forget", "trial")[1]
    assert "There is no mirror of this name" in zeus("differences", "trial")[1]


def test_addresses() -> None:
    for good in ("wss://csms.example/ocpp", "ws://localhost:9000/x", "ws://[::1]:1/x"):
        assert why_unfit(good, unencrypted=False) == ""
    assert why_unfit("ws://csms.example", unencrypted=True) == ""
    for bad in (
        "",
        "wss://",
        "wss://x:0/",
        "wss://x:99999/",
        "wss://x/?a=b",
        "wss://x/#a",
        "ws://10.0.0.1/x",
    ):
        assert why_unfit(bad, unencrypted=False), bad


def test_passwords_are_one_for_all_or_each_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.write_text("all the same\n")
    assert read_passwords(file) == {"": "all the same"}
    file.write_text("cp-a:one:two\n\nCP-B:three\n")
    assert read_passwords(file) == {"CP-A": "one:two", "CP-B": "three"}
    assert read_passwords(None) == {}


def _pull_away(dsn: str) -> None:
    """Every connection of the mirror is cut."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'zeus %'"
        )


async def _follow(
    dsn: str, settings: Settings, system: OtherSystem, stop: asyncio.Event, log: Log
) -> Standing:
    began: list[int] = []

    async def begun(position: int) -> None:
        began.append(position)

    wanted = Wanted("trial", system.url, ("CP-A",), {}, revealed=False, follow=True, from_beginning=True)
    running = asyncio.create_task(mirror(dsn, settings, wanted, stop, begun, lambda at: None))

    async def said(message_id: str) -> None:
        await until(lambda: running.done() or message_id in system.ids("CP-A"), f"{message_id} is said", 30)
        if running.done():
            await running

    await said("m2")
    for n in range(3, 6):
        _pull_away(dsn)
        await log.say("CP-A", f"m{n}")
        await said(f"m{n}")
    stop.set()
    async with asyncio.timeout(30):
        standing = await running
    assert began == [0], "it began once, however often it had to begin again"
    return standing


async def test_a_database_that_goes_away_is_waited_for(postgres_dsn: str, settings: Settings) -> None:
    async with log_of(postgres_dsn) as log, other_system(agreeing) as system:
        log.know("charger/default/CP-A", 5)
        standing = await _follow(postgres_dsn, settings, system, asyncio.Event(), log)
        assert list(dict.fromkeys(system.ids("CP-A"))) == [f"m{n}" for n in range(6)]
        assert standing.tally.differing == 0
        assert standing.tally.same >= 6
