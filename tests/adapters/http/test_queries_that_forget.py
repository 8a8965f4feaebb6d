"""Queries without their WHERE still show one tenant: what keeps rows apart is the database."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Engine, column, select, text
from sqlalchemy import table as name

from adapters.http import database
from adapters.http.database import reading_all, reading_for
from projections.catalogue import READ_MODELS
from projections.row_security import APART
from projections.schemas import table_names
from tests.adapters.http import test_tenants_matrix as matrix
from tests.adapters.http.mutants import forgetting
from tests.adapters.http.two_tenants import API, OURS, THEIRS, Two, two_tenants

TABLES = [(model.name, name) for model in READ_MODELS for name in table_names(model) if name not in APART]


@pytest.fixture
async def two(postgres_dsn: str, engine: Engine, tmp_path: Path) -> AsyncIterator[Two]:
    """`zeus` and `hera`."""
    async with two_tenants(postgres_dsn, engine, tmp_path) as world:
        yield world


@contextmanager
def unguarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Readings for a tenant see everybody: as it was before there was row-level security."""
    with monkeypatch.context() as patch:
        patch.setattr(database, "reading_for", lambda engine, _: reading_all(engine))
        yield


def tenants_in(connection: Connection, table: str) -> set[str]:
    """Of all rows, without asking for anybody's."""
    return {row.tenant for row in connection.execute(select(column("tenant")).select_from(name(table)))}


async def test_sec_22_every_table_read_whole_shows_one_tenant(two: Two, engine: Engine) -> None:
    filled = set()
    for model, table in TABLES:
        with reading_all(engine) as connection:
            if tenants_in(connection, table) == {OURS, THEIRS}:
                filled.add(model)
        for mine, other in ((OURS, THEIRS), (THEIRS, OURS)):
            with reading_for(engine, mine) as connection:
                assert other not in tenants_in(connection, table), table
        with engine.connect() as connection:
            assert tenants_in(connection, table) == set(), f"{table}: nobody named, and rows"
        with reading_for(engine, f"{OURS},{THEIRS}") as connection:
            assert tenants_in(connection, table) == set(), f"{table}: a scope of two is nobody's"
    assert len(filled) > 10, "both tenants must have rows, else nothing was shown"


async def test_sec_22_a_pooled_connection_keeps_nothing_of_whom_it_read_for(two: Two, engine: Engine) -> None:
    for _ in range(8):
        with reading_for(engine, OURS) as connection:
            assert tenants_in(connection, "ocpp_chargers") == {OURS}
        with reading_all(engine) as connection:
            assert tenants_in(connection, "ocpp_chargers") == {OURS, THEIRS}
        with engine.connect() as connection:
            assert tenants_in(connection, "ocpp_chargers") == set()


async def test_sec_22_the_matrix_is_green_with_queries_that_forgot_the_tenant(
    two: Two, engine: Engine
) -> None:
    with forgetting(engine) as taken:
        await matrix.test_what_is_anothers_is_answered_as_what_does_not_exist(two)
        await matrix.test_the_same_rows_answer_their_owner(two)
        await matrix.test_lists_show_what_is_ones_own_and_nothing_else(two)
        await matrix.test_searches_find_what_is_ones_own(two)
    assert taken.conditions > 100


async def test_sec_22_without_the_rules_such_queries_show_everything(
    two: Two, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the mutants above are known to be mutants."""
    with forgetting(engine), unguarded(monkeypatch):
        shown = (await two.client(OURS).get(f"{API}/chargers")).json()["items"]
        assert {item["cpid"] for item in shown} == {"ZEUS-1", "HERA-1"}
        theirs = await two.client(OURS).get(f"{API}/sessions/{two.ids[THEIRS]['session']}")
        assert theirs.status_code == 200
    with forgetting(engine):
        shown = (await two.client(OURS).get(f"{API}/chargers")).json()["items"]
        assert {item["cpid"] for item in shown} == {"ZEUS-1"}


async def test_sec_22_the_web_works_as_a_role_that_owns_nothing(two: Two, engine: Engine) -> None:
    with engine.connect() as connection:
        role = connection.execute(
            text(
                "SELECT current_user, rolsuper, rolbypassrls, EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) "
                "FROM pg_roles r WHERE rolname = current_user"
            )
        ).one()
    assert tuple(role) == ("zeus_gateway", False, False, False)


async def test_sec_22_rows_of_others_are_not_to_be_written_either(two: Two) -> None:
    """Not even with the right to write, under the rule of a read model and of the log."""
    with psycopg.connect(two.dsn) as connection:
        for table in ("ocpp_alarms", "ocpp_chargers"):
            grant = SQL("GRANT INSERT, UPDATE ON {} TO zeus_gateway").format(Identifier(table))
            connection.execute(grant)
        connection.execute("SET LOCAL ROLE zeus_gateway")
        connection.execute("SELECT set_config('zeus.tenants', %s, true)", [OURS])
        assert connection.execute("UPDATE ocpp_chargers SET vendor = 'x'").rowcount == 1
        for statement in (
            "UPDATE ocpp_chargers SET tenant = 'hera'",
            "INSERT INTO eventstore.stored_events (originator_id, originator_version, topic, state) "
            "VALUES ('charger/hera/NEW', 1, 't', '')",
        ):
            with (
                pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
                connection.transaction(),
            ):
                connection.execute(statement.encode())
        connection.rollback()
