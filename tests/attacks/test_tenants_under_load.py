"""Two tenants with the same chargers and the same cards, all at once: every reading shows one of them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
from sqlalchemy import Connection, Engine, column, select
from sqlalchemy import table as name

from adapters.eventstore.store import PostgresEventStore, open_store
from adapters.http.database import Database, open_engine
from domain.catalogue import FACTS
from domain.chargers.events import HeartbeatReceived
from entrypoints.wiring import open_engine as open_projections
from projections.catalogue import READ_MODELS
from projections.row_security import APART
from projections.schemas import table_names
from tests.adapters.http.fleet import Fleet

TENANTS = ("zeus", "hera")
CHARGERS = 8
READINGS = 3
"""So many at least while others speak."""
ROUNDS = 12
TABLES = [table for model in READ_MODELS for table in table_names(model) if table not in APART]


@dataclass
class Load:
    """What was read under way."""

    rows: int = 0
    readings: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture
async def store(postgres_dsn: str) -> AsyncIterator[PostgresEventStore]:
    """One store for both, whose commits and readings are shared by them."""
    store = open_store(postgres_dsn, FACTS)
    yield store
    await store.close()


@pytest.fixture
def projected(postgres_dsn: str) -> Iterator[None]:
    """Read models that follow meanwhile."""
    engine, stop = open_projections(postgres_dsn), threading.Event()
    engine.catch_up()
    thread = threading.Thread(target=engine.run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def engine(postgres_dsn: str) -> Iterator[Engine]:
    """The API's engine."""
    engine = open_engine(postgres_dsn)
    yield engine
    engine.dispose()


async def _speak(store: PostgresEventStore, fleet: Fleet, tenant: str, n: int, numbers: "count[int]") -> None:
    """A charger's life: alike in both tenants to the last sign of its id and of its cards."""
    cpid = f"CP-{n}"
    await fleet.charger(tenant, cpid)
    await fleet.token(tenant, f"CARD{n}")
    for _ in range(ROUNDS):
        await fleet.session(tenant, cpid, next(numbers), card=f"CARD{n}")
        await fleet.tell(f"charger/{tenant}/{cpid}", [HeartbeatReceived()])
        loaded = await store.load(f"charger/{tenant}/{cpid}", "none")
        assert {event.tenant for event in loaded.events} == {tenant}
        assert loaded.events[-1].originator_version == len(loaded.events)


async def _look(database: Database, tenant: str, done: asyncio.Event, load: Load) -> None:
    """Whole tables, without a WHERE, as long as somebody speaks."""

    def look(connection: Connection) -> list[str]:
        return [
            row.tenant
            for table in TABLES
            for row in connection.execute(select(column("tenant")).select_from(name(table)))
        ]

    while not done.is_set():
        found = await database.read(look, tenant)
        assert set(found) <= {tenant}
        load.rows += len(found)
        load.readings += 1
        if load.readings > READINGS:
            load.enough.set()


async def test_sec_22_under_load_every_reading_shows_one_tenant(
    store: PostgresEventStore, engine: Engine, projected: None
) -> None:
    database, done = Database(engine), asyncio.Event()
    loads = {tenant: Load() for tenant in TENANTS}
    fleet, numbers = Fleet(store), count(1)
    async with asyncio.TaskGroup() as group:
        looking = [group.create_task(_look(database, tenant, done, loads[tenant])) for tenant in TENANTS]
        async with asyncio.TaskGroup() as speaking:
            for tenant in TENANTS:
                for n in range(CHARGERS):
                    speaking.create_task(_speak(store, fleet, tenant, n, numbers))
        for load in loads.values():
            await load.enough.wait()
        done.set()
    database.close()
    assert all(task.done() for task in looking)
    for load in loads.values():
        assert load.rows > 100
