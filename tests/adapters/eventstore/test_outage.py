"""Postgres is killed under load, again and again: what was acknowledged is in the log exactly once."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from adapters.eventstore import schema
from adapters.eventstore.store import PostgresEventStore, open_store
from adapters.postgres.embedded import EmbeddedPostgres
from application.ports import EventNotStorable, StoreUnavailable, VersionConflict
from tests.contracts.event_store import Counted, counted


@pytest.fixture
def server(short_directory: Path) -> Iterator[EmbeddedPostgres]:
    """A durable server of the test's own, which comes back when killed."""
    with EmbeddedPostgres(short_directory / "data") as server:
        schema.create(server.dsn)
        yield server


class Producer:
    """Appends to a stream of its own, as a worker does: after StoreUnavailable it loads and goes on."""

    def __init__(self, store: PostgresEventStore, number: int, heard: asyncio.Queue[None]) -> None:
        self.store, self.stream, self.heard = store, f"charger/t/{number}", heard
        self.acknowledged: dict[int, int] = {}
        """Version → position."""
        self.refusals = 0

    async def run(self, done: asyncio.Event) -> None:
        version = 0
        while not done.is_set():
            unit = [counted(self.stream, version + 1), counted(self.stream, version + 2)]
            try:
                positions = await self.store.append(unit)
            except StoreUnavailable:
                self.refusals += 1
                version = await self.reload(version)
                continue
            self.acknowledged.update(zip((version + 1, version + 2), positions, strict=True))
            version += 2
            self.heard.put_nowait(None)

    async def reload(self, version: int) -> int:
        while True:
            try:
                return version + len(await self.store.read(self.stream, after=version))
            except StoreUnavailable:
                self.refusals += 1


def _stored(dsn: str) -> dict[tuple[str, int], int]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT originator_id, originator_version, notification_id FROM eventstore.stored_events"
        ).fetchall()
    assert len({row[2] for row in rows}) == len(rows)
    return {(row[0], row[1]): row[2] for row in rows}


async def _some(heard: asyncio.Queue[None]) -> None:
    """A thousand units acknowledged from now on."""
    while not heard.empty():
        heard.get_nowait()
    async with asyncio.timeout(60):
        for _ in range(1000):
            await heard.get()


async def test_killed_under_load_everything_acknowledged_is_there_once(server: EmbeddedPostgres) -> None:
    store = open_store(server.dsn, (Counted,))
    heard: asyncio.Queue[None] = asyncio.Queue()
    producers = [Producer(store, n, heard) for n in range(100)]
    done = asyncio.Event()
    tasks = [asyncio.create_task(producer.run(done)) for producer in producers]
    for _ in range(3):
        await _some(heard)
        killed = server.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
    await _some(heard)
    done.set()
    await asyncio.gather(*tasks)
    await store.close()
    stored = _stored(server.dsn)
    for producer in producers:
        for version, position in producer.acknowledged.items():
            assert stored[producer.stream, version] == position
        versions = sorted(version for stream, version in stored if stream == producer.stream)
        assert versions == list(range(1, len(versions) + 1)), "no gap, no half unit"
        assert len(versions) % 2 == 0


@pytest.mark.slow
async def test_a_store_that_is_away_is_told_in_time_and_comes_back(
    server: EmbeddedPostgres, short_directory: Path
) -> None:
    store = open_store(server.dsn, (Counted,))
    await store.append([counted("charger/t/A", 1)])
    server.stop()
    started = monotonic()
    results = await asyncio.gather(
        *(store.append([counted(f"charger/t/B{n}", 1)]) for n in range(200)), return_exceptions=True
    )
    assert {type(result) for result in results} == {StoreUnavailable}
    with pytest.raises(StoreUnavailable):
        await store.read("charger/t/A")
    assert monotonic() - started < 40
    server.start()
    started = monotonic()
    while True:
        try:
            await store.append([counted("charger/t/A", 2)])
        except StoreUnavailable:
            assert monotonic() - started < 15
        else:
            break
    assert [event.originator_version for event in await store.read("charger/t/A")] == [1, 2]
    assert len(_stored(server.dsn)) == 2, "nobody who was refused is in the log"
    await store.close()


async def test_poison_and_conflict_have_their_own_names(postgres_dsn: str) -> None:
    store = open_store(postgres_dsn, (Counted,))
    results = await asyncio.gather(
        store.append([counted("charger/t/A", 1)]),
        store.append([counted("charger/t/\x00", 1)]),
        store.append([counted("charger/t/A", 1)]),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [list, EventNotStorable, VersionConflict]
    await store.close()


async def test_the_applications_role_can_do_all_the_store_does(empty_postgres_dsn: str) -> None:
    """Under the role that may not change the log, nothing is missing."""
    with psycopg.connect(empty_postgres_dsn) as connection:
        role = f"{connection.info.dbname}_app"
    schema.create(empty_postgres_dsn, role)
    store = open_store(f"{empty_postgres_dsn}&options=-c%20role%3D{role}", (Counted,))
    try:
        assert await store.append([counted("charger/t/A", 1)]) == [1]
        with pytest.raises(VersionConflict):
            await store.append([counted("charger/t/A", 1)])
        assert (await store.load("charger/t/A", "k")).events == [counted("charger/t/A", 1)]
    finally:
        await store.close()
        with psycopg.connect(empty_postgres_dsn, autocommit=True) as connection:
            connection.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')
