"""The database of this installation: the one of DATABASE_URL, or the embedded one under our supervisor."""

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from adapters.audit import tree_schema
from adapters.eventstore import schema
from adapters.postgres import fleet_schema, vault_schema
from adapters.postgres.data_directory import DataDirectoryInUse, closed_door, server_account
from adapters.postgres.embedded import EmbeddedPostgres
from application import clock
from entrypoints.settings import Settings
from projections.positions import ensure_positions
from projections.row_security import ENGINE, GATEWAY

ADDRESS_FILE = "database-url"
SYSTEM_HOME = Path("/var/lib/zeus")
OWNER_PATIENCE_S = 5.0
"""`zeus serve` waits so long for a short command that has the embedded database."""
TOKEN_FILE = "api-token"  # noqa: S105 - a file name
PEOPLE_KEY_FILE = "people-key"


class Addresses(NamedTuple):
    """The same database by whom it is used as."""

    owner: str
    """Makes tables, and nothing else."""
    engine: str
    """Works over every tenant's rows: projector and follower."""
    gateway: str
    """Works for the tenants it names: sockets and API."""


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


def prepare(url: str) -> None:
    """Make what is missing in the database, and keep tenants apart in what stands. As the owner.

    Raises RolesMissing, RoleTooStrong.
    """
    schema.create(url)
    fleet_schema.create(url)
    vault_schema.create(url)
    tree_schema.create(url)
    with psycopg.connect(url) as connection:
        ensure_positions(connection)


def addresses(url: str, settings: Settings) -> Addresses:
    """Who logs in as whom. On the embedded server each role logs in by itself, and none can become the owner.

    On a server of one's own it is as the settings say; with `DATABASE_URL` alone the owner logs in and works as the
    roles.
    """
    if settings.database_url is not None:
        engine, gateway = settings.engine_database_url, settings.gateway_database_url
        return Addresses(url, _told(engine) or url, _told(gateway) or url)
    with psycopg.connect(url, autocommit=True) as connection:
        for role in (ENGINE, GATEWAY):  # the socket lets in our own account alone, which needs no password
            connection.execute(SQL("ALTER ROLE {} LOGIN").format(Identifier(role)))
    return Addresses(url, make_conninfo(url, user=ENGINE), make_conninfo(url, user=GATEWAY))


def _told(address: SecretStr | None) -> str:
    return address.get_secret_value() if address is not None else ""


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
