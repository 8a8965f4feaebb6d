"""EmbeddedPostgres: a PostgreSQL 18 server of our own, from the binaries of a Python wheel.

One owner per data directory; the server ends with its owner, comes back when it dies, and is reached over
a unix socket alone. Only the wheel's programs are used, not its Python layer.
"""

import atexit
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psycopg
from psycopg.pq import PGconn, Ping
from psycopg.sql import SQL, Identifier

from adapters.postgres.data_directory import (
    PORT,
    DataDirectoryRefused,
    OnWait,
    Ownership,
    closed_door,
    fresh_directory,
    initialised,
    prepare_parents,
    server_account,
    socket_directory,
    stop_remains,
)
from adapters.postgres.programs import MAJOR, programs, reachable_programs

DATABASE = "zeus"
SUPERUSER = "postgres"
_STOP_PATIENCE_S = 60.0
_SHORT_LIFE_S = 60.0
_SHORT_LIVES = 5
_log = logging.getLogger(__name__)

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "fsync": "on",
    "synchronous_commit": "on",
    "checkpoint_timeout": "10min",
    "random_page_cost": "1.1",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresDidNotStart(RuntimeError):
    """The embedded server ended while starting; the message carries the end of what it said."""


class EmbeddedPostgres:
    """The owner of a data directory and of the server in it.

    While started, a server that dies is started again; the address stays the same. Any process that may
    read the data directory can use the address. As root the server runs as the owner of the directory,
    else as `postgres` or `nobody`, and no directory but our own is changed for it; see `reachable_programs`.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are postgresql.conf values over ours, for instance `{"fsync": "off"}` in tests."""
        self._data = Path(data_dir).resolve()
        self._settings = {**_SETTINGS, **(settings or {})}
        self._ownership = Ownership(self._data)
        self._account = server_account(self._data)
        self._sockets = self._data
        self._programs = programs()
        self._process: subprocess.Popen[bytes] | None = None
        self._supervisor: threading.Thread | None = None
        self._turn = threading.Lock()
        self._stopping = False
        self._ready = False
        self._ended = threading.Event()
        self._failure: Exception | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def dsn(self) -> str:
        """`postgresql://postgres@/zeus?host=…`, for psycopg and SQLAlchemy."""
        return self._address(DATABASE)

    def _address(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self._sockets), safe='')}&port={PORT}"

    def start(self, on_wait: OnWait | None = None) -> str:
        """Start the server, however long its recovery takes, and return its address.

        `on_wait` is called with the seconds waited so far, about four times a second. Raises
        DataDirectoryInUse, DataDirectoryRefused, PostgresDidNotStart.
        """
        if self._supervisor is not None and self._supervisor.is_alive():
            return self.dsn
        prepare_parents(self._data)
        self._ownership.take()
        try:
            self._prepare(on_wait)
            self._supervise_in_thread()
            self._wait_until_ready(on_wait)
            self._create_database()
        except BaseException:
            self.stop()
            raise
        atexit.register(self._stop_at_exit, os.getpid())
        return self.dsn

    def stop(self) -> None:
        """Fast shutdown, then give the directory up. Harmless when nothing runs."""
        with self._turn:
            self._stopping = True
            self._tell(signal.SIGINT)
        if self._supervisor is not None:
            self._supervisor.join(_STOP_PATIENCE_S)
            if self._supervisor.is_alive():
                self._tell(signal.SIGQUIT)  # immediate shutdown, recovery mends it; never SIGKILL
                self._supervisor.join()
            self._supervisor = None
        if self._sockets != self._data:
            with contextlib.suppress(OSError):
                self._sockets.rmdir()
        atexit.unregister(self._stop_at_exit)
        self._ownership.release()

    def __enter__(self) -> Self:
        """Start without a callback."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _stop_at_exit(self, owner: int) -> None:
        if os.getpid() == owner:  # a forked copy owns nothing
            self.stop()

    # -- preparing the directory ----------------------------------------------------------------------

    def _prepare(self, on_wait: OnWait | None) -> None:
        self._account = server_account(self._data)
        self._check_the_way()
        self._programs = reachable_programs(self._account, self._data)
        if not initialised(self._data, MAJOR):
            self._initialise()
        self._sockets = socket_directory(self._data, self._account)
        stop_remains(self._data, self._sockets, on_wait)
        self._configure()

    def _check_the_way(self) -> None:
        """As root, another account has to reach the data."""
        place = self._data.parent
        if self._account.uid != -1 and (door := closed_door(place, self._account)):
            raise DataDirectoryRefused(
                f"the server runs as uid {self._account.uid}, which may not pass {door} on the way to "
                f"the data in {place}: choose another data directory, or allow it with `chmod o+x {door}`"
            )

    def _initialise(self) -> None:
        new = fresh_directory(self._data, self._account)
        sync = [] if self._settings["fsync"] == "on" else ["--no-sync"]
        done = subprocess.run(  # noqa: S603 - our own launcher, no shell
            self._command(
                "initdb", "-D", str(new), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", *sync,
            ),
            capture_output=True, text=True, check=False, cwd="/", env=_environment(),
        )  # fmt: skip
        if done.returncode != 0:
            raise PostgresDidNotStart(f"initdb failed in {new}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        with (new / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude_if_exists = 'zeus.conf'\n")
        new.rename(self._data)

    def _configure(self) -> None:
        lines = ["# Written at every start; change it with ALTER SYSTEM, which goes before it."]
        values = {**self._settings, "unix_socket_directories": str(self._sockets)}
        lines += ["{} = '{}'".format(name, value.replace("'", "''")) for name, value in values.items()]
        conf = self._data / "zeus.conf"
        conf.write_text("\n".join(lines) + "\n")
        self._account.own(conf)

    # -- running the server ---------------------------------------------------------------------------

    def _supervise_in_thread(self) -> None:
        self._stopping = self._ready = False
        self._failure = None
        self._ended.clear()
        # PDEATHSIG fires when the *thread* that forked ends, so the server's parent is a thread that
        # lives exactly as long as the server is wanted.
        self._supervisor = threading.Thread(target=self._supervise, name="embedded-postgres", daemon=True)
        self._supervisor.start()

    def _supervise(self) -> None:
        short_lives = 0
        try:
            while (process := self._spawn()) is not None:
                born = monotonic()
                code = process.wait()
                if self._stopping or not self._ready:
                    return
                short_lives = short_lives + 1 if monotonic() - born < _SHORT_LIFE_S else 1
                if short_lives >= _SHORT_LIVES:
                    raise PostgresDidNotStart(self._last_words(code))
                _log.error("embedded PostgreSQL ended with %s, starting it again", code)
                stop_remains(self._data, self._sockets)
        except (OSError, DataDirectoryRefused, PostgresDidNotStart) as error:
            _log.exception("embedded PostgreSQL cannot be kept running in %s", self._data)
            self._failure = error
        finally:
            self._ended.set()

    def _spawn(self) -> "subprocess.Popen[bytes] | None":
        with self._turn:
            if self._stopping:
                return None
            with self._startup_log("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own launcher, no shell
                    self._command("postgres", "-D", str(self._data)),
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                    env=_environment(), start_new_session=True,  # Ctrl-C is the owner's to handle
                )  # fmt: skip
            return self._process

    def _tell(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _wait_until_ready(self, on_wait: OnWait | None) -> None:
        started, told = monotonic(), 0.0
        while not self._answers():
            if self._ended.wait(0.05):
                code = self._process.returncode if self._process is not None else None
                raise self._failure or PostgresDidNotStart(self._last_words(code))
            waited = monotonic() - started
            if on_wait is not None and waited - told >= 0.25:
                told = waited
                on_wait(waited)
        self._ready = True

    def _answers(self) -> bool:
        """Whether connections are taken; while recovery runs they are rejected."""
        address = f"{self._address(SUPERUSER)}&connect_timeout=2"
        return PGconn.ping(address.encode()) == Ping.OK

    def _create_database(self) -> None:
        with psycopg.connect(self._address(SUPERUSER), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                connection.execute(SQL("CREATE DATABASE {}").format(Identifier(DATABASE)))

    def _startup_log(self, mode: str) -> IO[bytes]:
        return (self._data / "startup.log").open(mode)

    def _last_words(self, code: int | None) -> str:
        said = [self._data / "startup.log", *sorted((self._data / "log").glob("*.log"), key=_written)[-1:]]
        ends = [path.read_text(errors="replace")[-1500:] for path in said if path.exists()]
        return f"PostgreSQL in {self._data} ended with {code}:\n" + "\n".join(ends)

    def _command(self, program: str, *arguments: str) -> list[str]:
        launch = Path(__file__).with_name("launch.py")
        account = [str(self._account.uid), str(self._account.gid)]
        launcher = [sys.executable, "-I", "-S", str(launch), str(os.getpid()), *account]
        return [*launcher, str(self._programs / program), *arguments]


def _environment() -> dict[str, str]:
    """Ours without PG… and locale settings, which would change what the server does."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}


def _written(path: Path) -> float:
    return path.stat().st_mtime
