"""The database of this installation: the one of DATABASE_URL, or the embedded one under our supervisor."""

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from adapters.postgres.data_directory import DataDirectoryInUse, closed_door, server_account
from adapters.postgres.embedded import EmbeddedPostgres
from application import clock
from entrypoints.settings import Settings

ADDRESS_FILE = "database-url"
SYSTEM_HOME = Path("/var/lib/zeus")
OWNER_PATIENCE_S = 5.0
"""`zeus serve` waits so long for a short command that has the embedded database."""
TOKEN_FILE = "api-token"  # noqa: S105 - a file name
PEOPLE_KEY_FILE = "people-key"


class DatabaseNotReachable(RuntimeError):
    """The database does not answer; the message says which one and what to check."""


@contextmanager
def opened_database(
    settings: Settings, on_wait: Callable[[float], None] | None = None, *, own: bool = False
) -> Iterator[str]:
    """The address of a database that answers; the embedded server runs as long as the context.

    Where another `zeus` process runs the embedded server, that one is used; with `own` it is waited for
    some seconds, as a short command may have it. Raises DatabaseNotReachable, DataDirectoryInUse,
    DataDirectoryRefused, PostgresDidNotStart, ProgramsMissing.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        _check(url, "Is the server up, and is DATABASE_URL right?")
        yield url
        return
    home = data_home(settings)
    postgres = EmbeddedPostgres(home / "postgres")
    try:
        url = _started(postgres, on_wait, OWNER_PATIENCE_S if own else 0.0)
    except DataDirectoryInUse:
        if own:
            raise
        yield _running_one(home)
        return
    try:
        _keep(home / ADDRESS_FILE, url)
        yield url
    finally:
        postgres.stop()


def data_home(settings: Settings) -> Path:
    """Where the data live: `ZEUS_DATA_DIR`, or a place of this checkout's own below /var/lib/zeus.

    The latter only as root, when no place was chosen and the default one is behind a door that the database's
    account may not pass (PostgreSQL does not run as root, and root's home is closed to everybody else).
    """
    chosen = settings.data_dir.resolve()
    if "data_dir" in settings.model_fields_set or os.geteuid() != 0:
        return chosen
    if closed_door(chosen, server_account(chosen / "postgres")) is None:
        return chosen
    return SYSTEM_HOME / hashlib.sha256(str(chosen).encode()).hexdigest()[:12]


def api_token(settings: Settings) -> tuple[str, bool]:
    """(the API's bearer token, was it made up by us); a made-up one is kept, readable by its owner alone."""
    if settings.api_token is not None:
        return settings.api_token.get_secret_value(), False
    path = data_home(settings) / TOKEN_FILE
    if not path.exists():
        _keep(path, secrets.token_urlsafe(24))
    return path.read_text().strip(), True


def people_keys(settings: Settings) -> list[bytes]:
    """The keys behind the secrets of people; a made-up one is kept, readable by its owner alone."""
    if settings.people_key is not None:
        return [one.strip().encode() for one in settings.people_key.get_secret_value().split(",")]
    path = data_home(settings) / PEOPLE_KEY_FILE
    if not path.exists():
        _keep(path, secrets.token_urlsafe(32))
    return [path.read_text().strip().encode()]


def secret_of(settings: Settings) -> bytes:
    """As `secret_from`, of the token of this installation."""
    return secret_from(api_token(settings)[0])


def secret_from(token: str) -> bytes:
    """What links are sealed with: made of the API's token, so the same for every process that was given it."""
    return hashlib.sha256(b"zeus secret\0" + token.encode()).digest()


def _started(postgres: EmbeddedPostgres, on_wait: Callable[[float], None] | None, patience_s: float) -> str:
    deadline = clock.monotonic() + patience_s
    while True:
        try:
            return postgres.start(on_wait)
        except DataDirectoryInUse:
            if clock.monotonic() >= deadline:
                raise
            time.sleep(0.2)


def _running_one(data_dir: Path) -> str:
    path = data_dir / ADDRESS_FILE
    if not path.exists():
        raise DatabaseNotReachable(
            f"another process is starting the database in {data_dir}; try again in a moment"
        )
    url = path.read_text().strip()
    _check(
        url, f"Another zeus process owns the database in {data_dir} but it does not answer: is it starting?"
    )
    return url


def _check(url: str, advice: str) -> None:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        words = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DatabaseNotReachable(f"the database does not answer: {words}. {advice}") from error


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.touch(mode=0o600)
    new.write_text(text + "\n")
    new.replace(path)
