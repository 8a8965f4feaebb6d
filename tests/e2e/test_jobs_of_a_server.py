"""The jobs of a running server: beside two projectors each run is done once, and goes on when one is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conditions import until
from tests.e2e.zeus_process import ZeusProcess

ROOT = Path(__file__).parents[2]
ALL = {
    "expiry_sweeper",
    "configuration_drift",
    "moments",
    "offline_detector",
    "retention",
    "session_reconciler",
}

pytestmark = pytest.mark.slow


def _succeeded(server: ZeusProcess) -> dict[str, tuple[str, int]]:
    rows = server.query("SELECT name, runner, runs FROM fleet.jobs WHERE last_success_at IS NOT NULL")
    return {str(name): (str(runner), int(str(runs))) for name, runner, runs in rows}


@pytest.fixture
def second(server: ZeusProcess) -> Iterator["subprocess.Popen[bytes]"]:
    """A projector of another machine, on the same database."""
    environment = {**os.environ, "DATABASE_URL": server.dsn, "ZEUS_API_TOKEN": "x" * 32}
    command = [sys.executable, "-m", "entrypoints.projector", str(os.getpid())]
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    yield process
    process.kill()
    process.wait()


async def test_each_job_succeeds_and_another_process_takes_over(
    server: ZeusProcess, second: "subprocess.Popen[bytes]"
) -> None:
    await until(lambda: _succeeded(server).keys() == ALL, "every job succeeded once", 60)
    await until(
        lambda: _succeeded(server)["expiry_sweeper"][0].endswith(f":{second.pid}"),
        "the second process did a run",
        60,
    )
    second.send_signal(signal.SIGKILL)
    second.wait()
    before = _succeeded(server)["expiry_sweeper"][1]
    await until(
        lambda: _succeeded(server)["expiry_sweeper"][1] > before + 1, "the first process goes on alone", 60
    )
