"""A server that keeps its connections and says nothing, as with a hung disk: nobody waits for ever."""

import asyncio
import os
import signal
from pathlib import Path
from time import monotonic

import psutil
import pytest

from adapters.eventstore import schema
from adapters.eventstore.store import open_store
from adapters.postgres.embedded import EmbeddedPostgres
from application.ports import StoreUnavailable
from tests.contracts.event_store import Counted, counted


@pytest.mark.slow
async def test_reading_from_a_silent_server_ends_in_time_and_works_again(short_directory: Path) -> None:
    with EmbeddedPostgres(short_directory / "data") as server:
        schema.create(server.dsn)
        store = open_store(server.dsn, (Counted,))
        await store.append([counted("charger/t/A", 1)])
        await store.read("charger/t/A")
        postmaster = psutil.Process(server.pid)
        silent = [postmaster.pid, *(child.pid for child in postmaster.children(recursive=True))]
        for pid in silent:
            os.kill(pid, signal.SIGSTOP)
        began = monotonic()
        results = await asyncio.gather(
            *(store.read("charger/t/A") for _ in range(10)), return_exceptions=True
        )
        took_s = monotonic() - began
        for pid in silent:
            os.kill(pid, signal.SIGCONT)
        assert {type(result) for result in results} == {StoreUnavailable}
        assert took_s < 12
        assert len(await store.read("charger/t/A")) == 1
        await store.close()
