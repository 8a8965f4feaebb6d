"""`zeus serve` as a process: what it prints, how it ends, and what it says when it cannot start."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import psutil
import psycopg
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 60.0
ENDS_WITHIN_S = 20.0


def launch(data_dir: Path, port: int, *arguments: str, **more: str) -> "subprocess.Popen[bytes]":
    """A `zeus` of its own, its words in `said.log`."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ZEUS_", "DATABASE_URL"))}
    environment = {
        **clean,
        "PYTHONPATH": str(ROOT),
        "ZEUS_DATA_DIR": str(data_dir),
        "ZEUS_PORT": str(port),
        **more,
    }
    with (data_dir / "said.log").open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "entrypoints.cli", *arguments],
            cwd=data_dir,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )


def run(data_dir: Path, port: int, *arguments: str, **more: str) -> tuple[int, str]:
    """(exit code, everything it said) of a command that ends by itself."""
    (data_dir / "said.log").unlink(missing_ok=True)
    process = launch(data_dir, port, *arguments, **more)
    return process.wait(STARTS_WITHIN_S), (data_dir / "said.log").read_text()


def until_said(data_dir: Path, word: str, process: "subprocess.Popen[bytes]") -> str:
    """Its words, as soon as `word` is among them."""
    deadline = monotonic() + STARTS_WITHIN_S
    while word not in (said := (data_dir / "said.log").read_text()):
        assert process.poll() is None, said
        assert monotonic() < deadline, said
        sleep(0.05)
    return said


def demo_chargers_online(data_dir: Path) -> int:
    """As the status board has it; 0 while there is none."""
    url = (data_dir / "database-url").read_text().strip()
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT count(*) FROM ocpp_chargers WHERE online").fetchone()
    except psycopg.errors.UndefinedTable:
        return 0
    assert row is not None
    return int(row[0])


def alive(process: psutil.Process) -> bool:
    """A zombie has ended; it waits for a parent that may be slow to look (init of a container)."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def test_demo_starts_ends_without_a_trace_and_starts_again(short_directory: Path, port: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        (short_directory / "said.log").unlink(missing_ok=True)
        process = launch(short_directory, port, "serve", "--demo")
        said = until_said(short_directory, "Demo:", process)
        deadline = monotonic() + STARTS_WITHIN_S
        while demo_chargers_online(short_directory) < 7:
            assert monotonic() < deadline, (short_directory / "said.log").read_text()
            sleep(0.1)
        children = psutil.Process(process.pid).children(recursive=True)
        if number is signal.SIGTERM:  # a second one on the same data is turned away
            code, words = other_serve(short_directory, port)
            assert code == 1
            assert "is in use by process" in words
            assert "Traceback" not in words
        process.send_signal(number)
        assert process.wait(ENDS_WITHIN_S) == 0, (short_directory / "said.log").read_text()
        assert [child for child in children if alive(child)] == []
        said = (short_directory / "said.log").read_text()
        assert f"ws://127.0.0.1:{port}/ocpp" in said
        assert "Authorization: Bearer " + (short_directory / "api-token").read_text().strip() in said
        assert "Traceback" not in said
    code, listed = run(short_directory, port, "charger", "list", "--online", "--json")
    assert code == 0
    assert '"chargers": []' in listed  # everybody was closed in the books
    code, listed = run(short_directory, port, "charger", "list", "--json")
    assert listed.count('"cpid"') == 7


def other_serve(data_dir: Path, port: int) -> tuple[int, str]:
    """A second server on the same data, at another port."""
    words = data_dir / "other"
    words.mkdir()
    return run(words, port + 1 if port < 65535 else port - 1, "serve", ZEUS_DATA_DIR=str(data_dir))


def test_port_in_use_is_said_before_anything_is_started(short_directory: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken: int = other.getsockname()[1]
        code, said = run(short_directory, taken, "serve")
    assert code == 1
    assert f"Port {taken} on 127.0.0.1 is in use" in said
    assert "ZEUS_PORT=" in said
    assert "Traceback" not in said
    assert not (short_directory / "postgres").exists()


def test_a_database_that_does_not_answer_is_one_sentence(short_directory: Path, port: int) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    for command in (["serve"], ["board"], ["rebuild", "--all"], ["replay", "CP1"]):
        code, said = run(short_directory, port, *command, DATABASE_URL=nowhere)
        assert code == 1, said
        assert "DATABASE_URL" in said
        assert "Traceback" not in said
        assert len(said.strip().splitlines()) == 1


def test_data_of_another_postgres_is_said(short_directory: Path, port: int) -> None:
    postgres = short_directory / "postgres"
    postgres.mkdir()
    (postgres / "PG_VERSION").write_text("12\n")
    code, said = run(short_directory, port, "board")
    assert code == 1
    assert "12" in said
    assert "Traceback" not in said


def test_a_setting_that_cannot_be_used_is_said(short_directory: Path) -> None:
    code, said = run(short_directory, 8080, "board", ZEUS_VERSIONS="1.7")
    assert code == 1
    assert "VERSIONS" in said
    assert "Traceback" not in said
