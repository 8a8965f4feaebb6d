"""What tests share: a PostgreSQL server for the session, a fresh database for each test, a Redis server."""

import itertools
import os
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from adapters.audit import tree_schema
from adapters.eventstore import schema
from adapters.postgres.embedded import EmbeddedPostgres
from tests.redis_server import RedisServer

settings.register_profile("zeus", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("zeus")
"""Timings never decide a test: a busy machine is no fault of the code."""

os.environ.setdefault("ZEUS_PRIVACY_KEY", f"1:{b64encode(b'k' * 32).decode()}")
"""One key for whatever shares a database: each data directory would have one of its own."""

_numbers = itertools.count(1)


class Server(NamedTuple):
    """A server where databases may be created, and a database with the event store's tables to copy."""

    dsn: str
    prefix: str
    template: str


def _with_database(dsn: str, database: str) -> str:
    parts = conninfo_to_dict(dsn)
    user, password = parts.pop("user", None), parts.pop("password", None)
    parts.pop("dbname", None)
    who = "" if user is None else _quoted(user) + ("" if password is None else f":{_quoted(password)}") + "@"
    rest = "&".join(f"{name}={_quoted(value)}" for name, value in parts.items())
    return f"postgresql://{who}/{database}?{rest}"


def _quoted(value: object) -> str:
    return quote(str(value), safe="")


def _run(dsn: str, statement: str, *names: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SQL(statement).format(*map(Identifier, names)))


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A directory that a server's own account can reach as well (pytest's are closed to others)."""
    path = Path(tempfile.mkdtemp(prefix="zeus-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def _postgres() -> Iterator[str]:
    """`ZEUS_TEST_DATABASE_URL`, else an embedded server that does not care for power cuts."""
    if given := os.environ.get("ZEUS_TEST_DATABASE_URL"):
        yield given
        return
    path = Path(tempfile.mkdtemp(prefix="zeus-test-"))
    path.chmod(0o755)
    quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
    with EmbeddedPostgres(path / "data", settings=quick) as server:
        yield server.dsn
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def _server(_postgres: str) -> Iterator[Server]:
    prefix = f"zeus_test_{os.getpid()}_"
    template = f"{prefix}template"
    _run(_postgres, "CREATE DATABASE {}", template)
    schema.create(_with_database(_postgres, template))
    tree_schema.create(_with_database(_postgres, template))
    yield Server(_postgres, prefix, template)
    _run(_postgres, "DROP DATABASE {} WITH (FORCE)", template)


def _database(server: Server, template: str) -> Iterator[str]:
    name = f"{server.prefix}{next(_numbers)}"
    _run(server.dsn, "CREATE DATABASE {} TEMPLATE {}", name, template)
    yield _with_database(server.dsn, name)
    _run(server.dsn, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def postgres_dsn(_server: Server) -> Iterator[str]:
    """A fresh database with the event store's empty tables; the test may do with it what it likes."""
    yield from _database(_server, _server.template)


@pytest.fixture
def empty_postgres_dsn(_server: Server) -> Iterator[str]:
    """A fresh database with nothing in it."""
    yield from _database(_server, "template0")


@pytest.fixture(scope="module")
def module_postgres_dsn(_server: Server) -> Iterator[str]:
    """As `postgres_dsn`, shared by the tests of one module."""
    yield from _database(_server, _server.template)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server for the session, which forgets all at its end; the tests empty it themselves."""
    path = Path(tempfile.mkdtemp(prefix="zeus-test-"))
    server = RedisServer(path)
    server.start()
    yield server.url
    server.stop()
    shutil.rmtree(path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: where several processes run the tests, none is left with them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
