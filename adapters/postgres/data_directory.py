"""A PostgreSQL data directory on this machine: who owns it, what a killed owner left, where its socket is."""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import stat
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import psutil

PORT = 5432
"""Only part of the socket's name; nothing listens on TCP."""
SOCKET_PATH_LIMIT = 107
"""Bytes of `sockaddr_un.sun_path` on Linux, without the closing NUL."""
_SOCKET_NAME = f".s.PGSQL.{PORT}"
_PATIENCE_S = 60.0
_UNPRIVILEGED = ("postgres", "nobody")

OnWait = Callable[[float], None]


class DataDirectoryInUse(RuntimeError):
    """Another process owns this data directory; stop it first, or give this one a directory of its own."""

    def __init__(self, path: Path, holder: str) -> None:
        """`holder` is the pid written by the owner, empty where it could not be read."""
        super().__init__(
            f"{path} is in use by process {holder or '(unknown)'}; "
            "stop that process, or choose another data directory"
        )


class DataDirectoryRefused(RuntimeError):
    """The directory cannot hold our database; the message says why and what to do."""


class Account(NamedTuple):
    """The system account the server runs as; (-1, -1) is the account of this process."""

    uid: int = -1
    gid: int = -1

    def own(self, path: Path) -> None:
        """Hand a file or directory of ours to the account."""
        if self.uid != -1:
            os.chown(path, self.uid, self.gid)


def server_account(data: Path) -> Account:
    """Postgres refuses to run as root: then it is the owner of the data, `postgres`, or `nobody`."""
    if os.geteuid() != 0:
        return Account()
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise DataDirectoryRefused(
        f"PostgreSQL does not run as root and none of the accounts {_UNPRIVILEGED} exists: create one"
    )


def closed_door(path: Path, account: Account) -> Path | None:
    """The first directory on the way to `path` that the account may not pass, None if all are open."""
    for door in [*reversed(path.parents), path]:
        if not door.is_dir():
            continue
        info = door.stat()
        bit = stat.S_IXOTH
        if info.st_uid == account.uid:
            bit = stat.S_IXUSR
        elif info.st_gid == account.gid:
            bit = stat.S_IXGRP
        if not info.st_mode & bit:
            return door
    return None


class Ownership:
    """The lock beside the data directory (`<directory>.lock`), which names its holder."""

    def __init__(self, data: Path) -> None:
        """Nothing is locked yet."""
        self._data = data
        self._file: int | None = None

    def take(self) -> None:
        """Raises DataDirectoryInUse with the pid of the holder."""
        if self._file is not None:
            return
        lock = self._data.with_name(self._data.name + ".lock")
        file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 32).decode("ascii", "replace").strip()
            os.close(file)
            raise DataDirectoryInUse(self._data, holder) from None
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file
        # A forked child shares the lock: it must not keep the directory of a parent that was killed.
        this = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _forget(this()))

    def release(self) -> None:
        """Harmless when nothing is held; the file stays, since removing it would let two in."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _forget(ownership: Ownership | None) -> None:
    if ownership is not None:
        ownership.release()


def prepare_parents(data: Path) -> None:
    """Make the missing parents, open to pass for the server's account; those that exist stay as they are."""
    missing = [parent for parent in data.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
        if os.geteuid() == 0:
            parent.chmod(0o755)


def socket_directory(data: Path, account: Account) -> Path:
    """The data directory itself, or a short private one where the socket's path would be too long."""
    if len(os.fsencode(data / _SOCKET_NAME)) <= SOCKET_PATH_LIMIT:
        return data
    name = "zeus-" + hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / name
    uid = os.geteuid() if account.uid == -1 else account.uid
    try:
        short.mkdir(mode=0o700)
        account.own(short)
    except FileExistsError:
        info = short.lstat()  # anybody may make names in a shared directory: trust only our own
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != uid or info.st_mode & 0o077:
            raise DataDirectoryRefused(
                f"{short} should be a private directory of uid {uid} for the server's socket: remove it"
            ) from None
    return short


def initialised(data: Path, major: str) -> bool:
    """False for a missing or empty directory; raises DataDirectoryRefused where something else is in it."""
    if not data.exists() or not any(data.iterdir()):
        return False
    version = data / "PG_VERSION"
    if not version.exists():
        raise DataDirectoryRefused(f"{data} holds files that are not a PostgreSQL database: choose another")
    if (found := version.read_text().strip()) != major:
        raise DataDirectoryRefused(
            f"{data} was made by PostgreSQL {found}, this is {major}: carry it over with pg_upgrade"
        )
    return True


def fresh_directory(data: Path, account: Account) -> Path:
    """An empty directory beside `data` to initialise in, so that an interrupted initdb leaves no half."""
    new = data.with_name(data.name + ".new")
    if new.exists():
        shutil.rmtree(new)
    new.mkdir(mode=0o700)
    account.own(new)
    return new


def servers_in(data: Path) -> list[psutil.Process]:
    """Every Postgres process that works in `data`. Its working directory tells; a pid file may lie."""
    found = []
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error, OSError):
            name = process.info["name"]
            if (
                name == "postgres"
                and process.status() != psutil.STATUS_ZOMBIE
                and Path(process.cwd()) == data
            ):
                found.append(process)
    return found


def stop_remains(data: Path, sockets: Path, on_wait: OnWait | None = None) -> None:
    """Stop what a killed owner left running and remove the files that would mislead the next server.

    Only with the ownership in hand. Raises DataDirectoryRefused if a server does not end.
    """
    started = monotonic()
    for stop in (_ask_to_stop, _insist):
        left = servers_in(data)
        stop(left)
        deadline = monotonic() + _PATIENCE_S
        while left and monotonic() < deadline:
            _, left = psutil.wait_procs(left, timeout=0.25)
            if left and on_wait is not None:
                on_wait(monotonic() - started)
    if left := servers_in(data):
        pids = ", ".join(str(process.pid) for process in left)
        raise DataDirectoryRefused(f"a PostgreSQL server in {data} does not stop (pid {pids}): look at it")
    # Nobody works in the directory now, so these are stale, whatever pid they name.
    for leftover in (data / "postmaster.pid", sockets / _SOCKET_NAME, sockets / f"{_SOCKET_NAME}.lock"):
        leftover.unlink(missing_ok=True)


def _ask_to_stop(processes: list[psutil.Process]) -> None:
    """Fast shutdown by the postmaster; where it is gone, its children are asked one by one."""
    postmasters = [process for process in processes if not _is_backend(process)]
    for process in postmasters:
        _signal(process, signal.SIGINT)
    if not postmasters:
        for process in processes:
            _signal(process, signal.SIGTERM)


def _insist(processes: list[psutil.Process]) -> None:
    """Immediate shutdown, which recovery mends; never SIGKILL, which leaves shared memory behind."""
    for process in processes:
        _signal(process, signal.SIGQUIT)


def _is_backend(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        words = process.cmdline()
        return bool(words) and words[0].startswith("postgres:")
    return True


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):  # psutil compares the start time: never a stranger
        process.send_signal(number)
