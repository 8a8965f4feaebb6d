"""On a server of one's own: an owner who is no superuser, and what he lacks is said in words."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.eventstore.store import open_store
from adapters.http.database import open_engine as open_reading
from adapters.http.database import reading_all, reading_for
from adapters.postgres.embedded import EmbeddedPostgres
from application.registry import Registry
from domain.catalogue import FACTS
from entrypoints.database import prepare
from entrypoints.wiring import open_engine
from projections.row_security import RolesMissing, RoleTooStrong
from projections.status_board.queries import list_chargers


@pytest.fixture
def superuser(short_directory: Path) -> Iterator[str]:
    """A server to make roles on, with a database of `landlord` and one of `lodger`, who may make no roles."""
    quick = {"fsync": "off", "synchronous_commit": "off", "shared_buffers": "64MB"}
    with EmbeddedPostgres(short_directory / "data", settings=quick) as server:
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute("CREATE ROLE landlord LOGIN CREATEROLE")
            connection.execute("CREATE DATABASE his OWNER landlord")
            connection.execute("CREATE ROLE lodger LOGIN")
            connection.execute("CREATE DATABASE hers OWNER lodger")
        yield server.dsn


async def _works(dsn: str) -> None:
    """Adding, projecting and reading, with nothing but the owner's address; and the owner as such sees nothing."""
    store = open_store(dsn, FACTS)
    for tenant in ("acme", "hera"):
        await Registry(store, tenant, "user:test").add_charger("CP-1")
    await store.close()
    engine = open_engine(dsn)
    engine.catch_up()
    engine.close()
    reading = open_reading(dsn)
    with reading_for(reading, "acme") as connection:
        assert [row.cpid for row in list_chargers(connection, "acme").rows] == ["CP-1"]
        assert list_chargers(connection, "hera").rows == ()
    with reading_all(reading) as connection:
        assert list_chargers(connection, "hera").rows != ()
    reading.dispose()
    with psycopg.connect(dsn) as connection:
        for table in ("ocpp_chargers", "eventstore.stored_events"):
            assert connection.execute(f"SELECT FROM {table}".encode()).fetchall() == []


async def test_sec_22_an_owner_who_may_make_roles_needs_nothing_else(superuser: str) -> None:
    dsn = make_conninfo(superuser, user="landlord", dbname="his")
    for _ in range(2):
        prepare(dsn)
    await _works(dsn)


async def test_sec_22_an_owner_who_may_not_is_told_what_a_superuser_is_to_say(superuser: str) -> None:
    dsn = make_conninfo(superuser, user="lodger", dbname="hers")
    with pytest.raises(RolesMissing) as error:
        prepare(dsn)
    said = str(error.value).split("once for the server: ")[1]
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(said.encode())
    prepare(dsn)
    await _works(dsn)


@pytest.mark.parametrize("power", ["SUPERUSER", "BYPASSRLS"])
def test_sec_22_a_role_that_passes_the_rules_is_refused(superuser: str, power: str) -> None:
    prepare(superuser)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE zeus_gateway {power}".encode())
    with pytest.raises(RoleTooStrong, match="zeus_gateway"):
        prepare(superuser)
