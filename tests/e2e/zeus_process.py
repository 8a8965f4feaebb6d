"""`zeus serve` as a process of its own, with its embedded Postgres: started, killed and looked into by tests."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep

import psutil
import psycopg

from adapters.eventstore.store import open_store
from application.registry import Registry
from domain.catalogue import FACTS
from domain.chargers.particulars import Particulars

SERVE = (sys.executable, "-m", "entrypoints.cli", "serve")
ROOT = Path(__file__).parents[2]
PRIVACY_KEY = b"k" * 32
TOKEN = "e2e-token-of-24-signs-or-more"
PASSWORD = "correct horse 20 sig"
STARTS_WITHIN_S = 60.0


class ZeusProcess:
    """One server process at one port; after `kill` it can be started again on the same data."""

    def __init__(self, data_dir: Path, *, database_url: str | None = None, **settings: object) -> None:
        """`settings` are those of `entrypoints.settings`, by field name."""
        self.data_dir = data_dir
        self.port = _free_port()
        self.log_path = data_dir / f"serve-{self.port}.log"
        self._database_url = database_url
        self.redis_url = settings.get("redis_url")
        """The broker, where it is no Postgres."""
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("ZEUS_", "DATABASE_URL"))},
            "ZEUS_DATA_DIR": str(data_dir),
            "ZEUS_PORT": str(self.port),
            "ZEUS_API_TOKEN": TOKEN,
            "ZEUS_LOG_FORMAT": "text",
            "ZEUS_PRIVACY_KEY": f"1:{b64encode(PRIVACY_KEY).decode()}",
            "ZEUS_LOG_LEVEL": "INFO",
            **{f"ZEUS_{name.upper()}": str(value) for name, value in settings.items()},
        }
        if "PYTHONPATH" not in self._environment:
            self._environment["PYTHONPATH"] = str(ROOT)
        if database_url is not None:
            self._environment["DATABASE_URL"] = database_url
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where chargers connect; the id is appended."""
        return f"ws://127.0.0.1:{self.port}/ocpp"

    @property
    def dsn(self) -> str:
        """The database the server uses."""
        return self._database_url or (self.data_dir / "database-url").read_text().strip()

    @property
    def pid(self) -> int:
        """Of the server process; raises where none was started."""
        assert self._process is not None
        return self._process.pid

    @property
    def postmaster(self) -> psutil.Process:
        """Of the embedded Postgres; raises psutil.NoSuchProcess or OSError while there is none."""
        pid_file = self.data_dir / "postgres" / "postmaster.pid"
        return psutil.Process(int(pid_file.read_text().splitlines()[0]))

    def launch(self) -> None:
        """Start the process without waiting for it."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                SERVE, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self.launch()
        deadline = monotonic() + STARTS_WITHIN_S
        while not self.ready():
            assert self._process is not None
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended with {self._process.returncode}:\n{self.said()}")
            if monotonic() > deadline:
                raise AssertionError(f"the server is not ready after {STARTS_WITHIN_S} s:\n{self.said()}")
            sleep(0.05)

    def listens(self) -> bool:
        """Whether TCP connections are taken."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def ready(self) -> bool:
        """Whether `/readyz` says so: chargers may come, the read models are there and follow."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def said(self) -> str:
        """The end of what it logged."""
        return self.log_path.read_text(errors="replace")[-6000:] if self.log_path.exists() else ""

    def kill(self) -> None:
        """kill -9, as the kernel does when memory is short."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to end, and wait; returns its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(40)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise AssertionError(f"the server did not end:\n{self.said()}") from None
        return self._process.returncode

    def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Rows of the database, over a connection of the test's own."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(statement.encode(), values or None).fetchall()

    def query_is_possible(self) -> bool:
        """Whether Postgres answers within a second."""
        ping = psycopg.pq.PGconn.ping(f"{self.dsn}&connect_timeout=2".encode())
        return ping == psycopg.pq.Ping.OK

    async def register(self, cpids: Iterable[str], *, security_profile: int = 0) -> None:
        """Make chargers known; those with a profile get PASSWORD."""
        store = open_store(self.dsn, FACTS)
        try:
            registry = Registry(store, "default", "test")
            for cpid in cpids:
                await registry.add_charger(
                    cpid,
                    security_profile=security_profile,
                    password=PASSWORD if security_profile else None,
                    particulars=Particulars(networks=("127.0.0.0/8", "::1")),
                )
        finally:
            await store.close()


@contextmanager
def zeus(**settings: object) -> Iterator[ZeusProcess]:
    """A running server with a new data directory, which the database's own account can reach."""
    data_dir = Path(tempfile.mkdtemp(prefix="zeus-e2e-"))
    data_dir.chmod(0o755)
    server = ZeusProcess(data_dir, **settings)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        _end(server)
        shutil.rmtree(data_dir, ignore_errors=True)


def _end(server: ZeusProcess) -> None:
    """Whatever the test left running."""
    try:
        postmaster = server.postmaster
    except (OSError, IndexError, psutil.NoSuchProcess):
        postmaster = None
    process = server._process
    if process is not None and process.poll() is None:
        process.kill()
        process.wait()
    if postmaster is not None and postmaster.is_running():
        postmaster.send_signal(signal.SIGQUIT)
        psutil.wait_procs([postmaster], timeout=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
