"""The tables come into being once, and the application's role can only add to the log."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.eventstore import schema

_INSERT = (
    "INSERT INTO eventstore.stored_events (originator_id, originator_version, topic, state) "
    "VALUES (%s, %s, 't', '')"
)


def test_two_may_create_at_once_and_again(empty_postgres_dsn: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(schema.create, [empty_postgres_dsn] * 4))
    schema.create(empty_postgres_dsn)
    with psycopg.connect(empty_postgres_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM eventstore.stored_events").fetchone() == (0,)


def test_the_tenant_is_read_from_the_stream_id(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(_INSERT, ("charger/acme/CP-1", 1))
        row = connection.execute("SELECT tenant, recorded_at <= now() + '1 s' FROM eventstore.stored_events")
        assert row.fetchone() == ("acme", True)


@pytest.fixture
def app_role(empty_postgres_dsn: str) -> str:
    """Roles are the server's, not the database's: named after the database, dropped with it."""
    with psycopg.connect(empty_postgres_dsn) as connection:
        return f"{connection.info.dbname}_app"


def _drop(dsn: str, role: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')


@pytest.fixture
def app_dsn(empty_postgres_dsn: str, app_role: str) -> Iterator[str]:
    """The address as the application's role."""
    for _ in range(2):
        schema.create(empty_postgres_dsn, app_role)
    yield make_conninfo(empty_postgres_dsn, user=app_role)
    _drop(empty_postgres_dsn, app_role)


def test_the_application_may_add_and_read_but_never_change(app_dsn: str) -> None:
    with psycopg.connect(app_dsn, autocommit=True) as connection:
        connection.execute("SELECT eventstore.append_stored_events('{charger/t/A}', '{1}', '{t}', '{abc}')")
        assert connection.execute(
            "SELECT place, state FROM eventstore.read_stored_events('{charger/t/A}', '{0}')"
        ).fetchall() == [(1, b"abc")]
        for forbidden in (
            "UPDATE eventstore.stored_events SET state = ''",
            "DELETE FROM eventstore.stored_events",
            "TRUNCATE eventstore.stored_events",
            "DROP TABLE eventstore.stored_events",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


def test_sec_31_nobody_changes_the_log_its_owner_included(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(_INSERT, ("charger/acme/CP-1", 1))
        for forbidden in (
            "UPDATE eventstore.stored_events SET state = ''",
            "DELETE FROM eventstore.stored_events WHERE originator_version = 7",
            "TRUNCATE eventstore.stored_events",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="the event log is never changed"):
                connection.execute(forbidden)
        assert connection.execute("SELECT state FROM eventstore.stored_events").fetchall() == [(b"",)]


def test_the_owner_cannot_be_the_application(empty_postgres_dsn: str) -> None:
    with psycopg.connect(empty_postgres_dsn) as connection:
        owner = connection.info.user
    with pytest.raises(schema.AppRoleOwnsTheLog):
        schema.create(empty_postgres_dsn, owner)
