"""The event store's contract, on Postgres and in memory."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.eventstore.store import PostgresEventStore, open_store
from tests.contracts.event_store import Counted, EventStoreContract, counted
from tests.fakes.event_store import InMemoryEventStore


class TestPostgres(EventStoreContract):
    """The real one."""

    @pytest.fixture
    async def store(self, postgres_dsn: str) -> AsyncIterator[PostgresEventStore]:
        """Fresh tables."""
        store = open_store(postgres_dsn, (Counted,))
        yield store
        await store.close()

    async def test_waiting_loads_share_queries(self, store: PostgresEventStore) -> None:
        await store.append([counted("charger/t/A", 1)])
        for wanted in [store.read(f"charger/t/{n}") for n in "AB"]:
            await wanted
        assert store.reader.queries == 2
        await asyncio.gather(*(store.read(f"charger/t/{n}") for n in range(500)))
        assert store.reader.queries <= 2 + 4


class TestInMemory(EventStoreContract):
    """The fake."""

    @pytest.fixture
    def store(self) -> InMemoryEventStore:
        """Empty."""
        return InMemoryEventStore()
