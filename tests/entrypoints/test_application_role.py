"""The gateway on a role that may add to the log and read the read models, and change neither."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.eventstore import schema
from adapters.eventstore.store import open_store
from application.registry import Registry
from domain.catalogue import FACTS
from entrypoints.wiring import open_engine, open_log
from projections.catalogue import READ_MODELS
from projections.engine import connect_projector
from projections.rebuild import rebuild
from projections.row_security import ENTER

ROLE = "zeus_application"


@pytest.fixture
def role_dsn(postgres_dsn: str) -> str:
    schema.create(postgres_dsn, ROLE)
    return make_conninfo(postgres_dsn, user=ROLE)


async def _register(dsn: str, cpid: str) -> None:
    store = open_store(dsn, FACTS)
    try:
        await Registry(store, "default", "user:test").add_charger(cpid)
    finally:
        await store.close()


def _chargers(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as connection:
        connection.execute("SET ROLE zeus_gateway")
        connection.execute(ENTER, ["default"])
        return [
            cpid for (cpid,) in connection.execute("SELECT cpid FROM ocpp_chargers ORDER BY 1").fetchall()
        ]


async def test_it_adds_to_the_log_and_reads_the_board(postgres_dsn: str, role_dsn: str) -> None:
    await _register(role_dsn, "CP-1")
    engine = open_engine(postgres_dsn)
    engine.catch_up()
    engine.close()
    assert _chargers(role_dsn) == ["CP-1"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE eventstore.stored_events SET topic = 'x'",
        "DELETE FROM eventstore.stored_events",
        "TRUNCATE eventstore.stored_events",
        "UPDATE ocpp_chargers SET cpid = 'x'",
        "DELETE FROM ocpp_sessions",
    ],
)
async def test_it_changes_nothing(postgres_dsn: str, role_dsn: str, statement: str) -> None:
    engine = open_engine(postgres_dsn)
    engine.catch_up()
    engine.close()
    with psycopg.connect(role_dsn) as connection:
        connection.execute("SET ROLE zeus_gateway")
        connection.execute(ENTER, ["default"])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


async def test_it_still_reads_after_a_swap(postgres_dsn: str, role_dsn: str) -> None:
    await _register(role_dsn, "CP-1")
    engine = open_engine(postgres_dsn)
    engine.catch_up()
    log = open_log(postgres_dsn)
    board = next(model for model in READ_MODELS if model.name == "status_board")
    with connect_projector(postgres_dsn) as connection:
        rebuild(connection, log, board, lambda _: None)
    log.close()
    engine.close()
    assert _chargers(role_dsn) == ["CP-1"]
