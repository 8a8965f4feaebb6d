"""A Redis server of the tests' own, on a unix socket, from the system's package."""

import shutil
import signal
import subprocess
from pathlib import Path
from time import monotonic, sleep

import redis

_PATIENCE_S = 20.0


class RedisNotInstalled(RuntimeError):
    """These tests need `redis-server` (7 or later): on Debian and Ubuntu, apt-get install redis-server."""


class RedisServer:
    """Started by `start`, durable where `durable` is set; the same directory may be started again."""

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise RedisNotInstalled(RedisNotInstalled.__doc__)
        self._socket = directory / "redis.sock"
        self.url = f"unix://{self._socket}"
        self._command = [
            program, "--port", "0", "--unixsocket", str(self._socket), "--dir", str(directory), "--save", "",
            "--appendonly", "yes" if durable else "no", "--appendfsync", "always", "--daemonize", "no",
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """While it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns when it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = monotonic() + _PATIENCE_S
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    assert self._process.poll() is None, "redis-server ended while starting"
                    assert monotonic() < deadline, "redis-server does not answer"
                    sleep(0.01)

    def stop(self) -> None:
        """Goes without saving, as from a kill; what was appended is on the disk. Harmless when stopped."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None
