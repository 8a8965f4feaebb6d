"""The projector process: it does not outlive the server that started it."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


def _gone() -> int:
    """The pid of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not psutil.pid_exists(process.pid)
    return process.pid


def test_it_ends_when_its_parent_died_while_it_was_starting() -> None:
    """kill -9 of a server in its first second: who asks for the parent only then finds init, which stays."""
    nowhere = {
        **os.environ,
        "DATABASE_URL": "postgresql://nobody@/nothing?host=/nowhere",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "entrypoints.projector", str(_gone())]
    projector = subprocess.Popen(command, env=nowhere, cwd=ROOT, stderr=subprocess.PIPE)
    try:
        _, said = projector.communicate(timeout=30)
    finally:
        projector.kill()
    assert projector.returncode == 0, said.decode()
