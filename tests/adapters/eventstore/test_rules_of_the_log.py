"""The log and the snapshots read without their WHERE: whose streams were asked for, and nobody else's."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from projections.row_security import STAY

Row = tuple[Any, ...]

_MUTANTS = {
    "read_stored_events": ("e.originator_id = wanted.stream AND ", "", "('{charger/a/1}', '{0}')"),
    "read_snapshots": ("WHERE s.originator_id = ANY(streams)", "", "('{charger/a/1}')"),
}
"""Function → what is taken out of it, what is put there, and a question of tenant `a`."""


@pytest.fixture
def connection(postgres_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """Two streams of `a`, one of `b` that is named alike, each with a snapshot."""
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        for stream in ("charger/a/1", "charger/a/2", "charger/b/1"):
            connection.execute(
                "SELECT eventstore.append_stored_events(ARRAY[%s], '{1}', '{t}', ARRAY[%s::bytea])",
                (stream, stream.encode()),
            )
            connection.execute(
                "SELECT eventstore.keep_snapshots(%s, 1, 'k', %s::bytea)", (stream, stream.encode())
            )
        yield connection


def _forgetful(connection: psycopg.Connection[Any], name: str) -> bytes:
    """The function without its WHERE, beside it."""
    take, put, question = _MUTANTS[name]
    row = connection.execute(
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s", (name,)
    ).fetchone()
    assert row is not None
    assert take in row[0]
    mutant = row[0].replace(take, put).replace(f"eventstore.{name}", f"eventstore.forgetful_{name}")
    connection.execute(mutant.encode())
    return f"SELECT state FROM eventstore.forgetful_{name}{question}".encode()  # noqa: S608 - names of the table above


@pytest.mark.parametrize("name", _MUTANTS)
def test_sec_22_reading_that_forgot_its_streams_shows_one_tenant(
    connection: psycopg.Connection[Any], name: str
) -> None:
    query = _forgetful(connection, name)
    connection.execute("SET ROLE zeus_engine")
    everything = {bytes(state) for (state,) in connection.execute(query)}
    assert everything == {b"charger/a/1", b"charger/a/2", b"charger/b/1"}, "the mutant is one"
    connection.execute("SET ROLE zeus_gateway")
    assert {bytes(state) for (state,) in connection.execute(query)} == {b"charger/a/1", b"charger/a/2"}


@pytest.mark.parametrize("table", ["stored_events", "snapshots"])
def test_sec_22_who_names_nobody_sees_nothing(connection: psycopg.Connection[Any], table: str) -> None:
    count = SQL("SELECT count(*) FROM {}").format(Identifier("eventstore", table))
    connection.execute("SET ROLE zeus_gateway")
    assert connection.execute(count).fetchone() == (0,)
    with connection.transaction():
        connection.execute("SELECT set_config('zeus.tenants', 'a,b', true)")
        assert connection.execute(count).fetchone() == (3,)
    assert connection.execute(count).fetchone() == (0,), "nothing is left of a transaction's scope"
    connection.execute("SELECT FROM eventstore.read_stored_events('{charger/a/1}', '{0}')")
    assert connection.execute(count).fetchone() == (0,), "nor of a function's"


def test_sec_22_nobody_adds_for_another(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SET ROLE zeus_gateway")
    for statement in (
        "INSERT INTO eventstore.stored_events (originator_id, originator_version, topic, state) "
        "VALUES ('charger/b/2', 1, 't', '')",
        "INSERT INTO eventstore.snapshots (originator_id, originator_version, kind, state) "
        "VALUES ('charger/b/2', 1, 'k', '')",
        "UPDATE eventstore.snapshots SET originator_id = 'charger/b/3' WHERE originator_id = 'charger/a/1'",
    ):
        connection.execute(STAY, ["a"])
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(statement.encode())
