"""A server that keeps its connections and says nothing, as with a hung disk: nobody waits for ever."""

import asyncio
from pathlib import Path
from time import monotonic

import pytest

from adapters.eventstore import schema
from adapters.eventstore.store import open_store
from adapters.postgres.embedded import EmbeddedPostgres
from application.ports import StoreUnavailable
from tests.contracts.event_store import Counted, counted
from tests.silenced import silenced


@pytest.mark.slow
async def test_reading_from_a_silent_server_ends_in_time_and_works_again(short_directory: Path) -> None:
    with EmbeddedPostgres(short_directory / "data") as server:
        schema.create(server.dsn)
        store = open_store(server.dsn, (Counted,))
        await store.append([counted("charger/t/A", 1)])
        await store.read("charger/t/A")
        began = monotonic()
        with silenced(server.pid):
            results = await asyncio.gather(
                *(store.read("charger/t/A") for _ in range(10)), return_exceptions=True
            )
            took_s = monotonic() - began
        assert {type(result) for result in results} == {StoreUnavailable}
        assert took_s < 12
        assert len(await store.read("charger/t/A")) == 1
        await store.close()
