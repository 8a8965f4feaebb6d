"""The broker is restarted, killed, or falls silent: nobody waits long, and all goes on by itself."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic

import psycopg
import pytest
import redis

from adapters.postgres import fleet as on_postgres
from adapters.postgres import fleet_schema
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.redis import fleet as on_redis
from application.fleet import Begun, Fleet, FleetUnavailable, Owner, Replay
from domain.identity import ChargerId
from tests.adapters.fleet.rigs import PostgresRig, RedisRig
from tests.contracts.fleet import eventually
from tests.contracts.post import Hall, parcel
from tests.redis_server import RedisNotInstalled, RedisServer
from tests.silenced import silenced

CHARGER = ChargerId.of("default", "CP-1")
PATIENCE_S = 1.0
SLACK_S = 2.0
"""For a busy machine."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A durable server of this module's own, in a directory that the server's account can reach."""
    path = Path(tempfile.mkdtemp(prefix="zeus-test-"))
    path.chmod(0o755)
    with EmbeddedPostgres(path / "data") as server:
        fleet_schema.create(server.dsn)
        yield server
    shutil.rmtree(path)


@pytest.fixture
def durable_redis(short_directory: Path) -> Iterator[RedisServer]:
    """A server that appends to a file."""
    server = RedisServer(short_directory, durable=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def forgetful_redis(short_directory: Path) -> Iterator[RedisServer]:
    """A server that keeps nothing."""
    server = RedisServer(short_directory)
    server.start()
    yield server
    server.stop()


@asynccontextmanager
async def opened(*fleets: Fleet) -> AsyncIterator[None]:
    """Closed in the end."""
    async with AsyncExitStack() as stack:
        for fleet in fleets:
            stack.push_async_callback(fleet.close)
        yield


async def nobody_waits_long(fleet: Fleet, rig: PostgresRig | RedisRig) -> None:
    """Each port says so within its patience."""
    for ask in (
        lambda: fleet.sockets.owner(CHARGER),
        lambda: fleet.post.send(parcel(rig, "p")),
        lambda: fleet.post.ring("t", ""),
        lambda: fleet.post.open("g9", lambda _: None),
        lambda: fleet.keys.begin("s", "other", "f", ttl_s=60, lease_s=0.01),
        lambda: fleet.limits.take("n", per_s=1000, burst=1000),
    ):
        begin = monotonic()
        with pytest.raises(FleetUnavailable):
            await ask()
        assert monotonic() - begin < PATIENCE_S + SLACK_S


async def works(fleet: Fleet) -> bool:
    """Whether it answers again."""
    try:
        await fleet.sockets.living()
    except FleetUnavailable:
        return False
    return True


async def test_postgres_is_restarted(postgres: EmbeddedPostgres) -> None:
    rig, hall = PostgresRig(postgres.dsn), Hall()
    here, there = (on_postgres.open_fleet(postgres.dsn, patience_s=PATIENCE_S) for _ in range(2))
    async with opened(here, there):
        await there.post.open("g2", hall.came.put_nowait)
        await here.sockets.beat("g1", 3600)
        first = await here.sockets.claim(CHARGER, "g1", "c1", "ocpp1.6")
        assert isinstance(await here.keys.begin("s", "k", "f", ttl_s=60, lease_s=30), Begun)
        await here.keys.complete("s", "k", "f", 200, {}, b"done")
        await asyncio.to_thread(postgres.stop)
        await nobody_waits_long(here, rig)
        await asyncio.to_thread(postgres.start)
        await eventually(lambda: works(here))
        assert await here.sockets.owner(CHARGER) == Owner("g1", "c1", first, "ocpp1.6")
        assert await here.sockets.claim(CHARGER, "g1", "c2", "ocpp1.6") > first
        assert await here.keys.begin("s", "k", "f", ttl_s=60, lease_s=30) == Replay(200, {}, b"done")
        await here.post.send(parcel(rig, "p1"))
        assert [one.id for one in await hall.parcels(1)] == ["p1"]


async def test_connections_that_postgres_closed_are_replaced_unnoticed(postgres: EmbeddedPostgres) -> None:
    fleet = on_postgres.open_fleet(postgres.dsn, patience_s=5.0)
    async with opened(fleet):
        for _ in range(3):
            assert await fleet.limits.take("n", per_s=1000, burst=1000) == 0.0
            with psycopg.connect(postgres.dsn, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE application_name = 'zeus fleet'"
                )


async def test_postgres_falls_silenced(postgres: EmbeddedPostgres) -> None:
    rig = PostgresRig(postgres.dsn)
    fleet = on_postgres.open_fleet(postgres.dsn, patience_s=PATIENCE_S)
    async with opened(fleet):
        await fleet.sockets.beat("g1", 3600)
        assert postgres.pid is not None
        with silenced(postgres.pid):
            await nobody_waits_long(fleet, rig)
        await eventually(lambda: works(fleet))


async def test_time_without_postgres_kills_no_gateway(postgres: EmbeddedPostgres) -> None:
    fleet = on_postgres.open_fleet(postgres.dsn)
    async with opened(fleet):
        await fleet.sockets.beat("patient", 3600)
        await fleet.sockets.beat("hasty", 0.001)
        with psycopg.connect(postgres.dsn, autocommit=True) as connection:
            connection.execute("UPDATE fleet.gateways SET lives_until = '2020-01-01Z'")
        living = await fleet.sockets.living()
        assert "patient" in living  # Postgres has not been up for an hour
        assert "hasty" not in living


async def test_redis_is_killed_and_comes_back(durable_redis: RedisServer) -> None:
    rig, hall, late = RedisRig(durable_redis.url), Hall(), Hall()
    here, there = (on_redis.open_fleet(durable_redis.url, patience_s=PATIENCE_S) for _ in range(2))
    async with opened(here, there):
        await there.post.open("g2", hall.came.put_nowait)
        await here.sockets.beat("g1", 3600)
        first = await here.sockets.claim(CHARGER, "g1", "c1", "ocpp1.6")
        assert isinstance(await here.keys.begin("s", "k", "f", ttl_s=60, lease_s=30), Begun)
        await here.keys.complete("s", "k", "f", 200, {}, b"done")
        await here.post.send(parcel(rig, "waits", "g3"))
        await asyncio.to_thread(durable_redis.stop)
        await nobody_waits_long(here, rig)
        await asyncio.to_thread(durable_redis.start)
        assert await here.sockets.owner(CHARGER) == Owner("g1", "c1", first, "ocpp1.6")
        assert await here.sockets.claim(CHARGER, "g1", "c2", "ocpp1.6") > first
        assert await here.keys.begin("s", "k", "f", ttl_s=60, lease_s=30) == Replay(200, {}, b"done")
        await here.post.send(parcel(rig, "p1"))
        assert [one.id for one in await hall.parcels(1)] == ["p1"]
        await here.post.open("g3", late.came.put_nowait)
        assert [one.id for one in await late.parcels(1)] == ["waits"]


async def test_generations_grow_even_where_redis_forgot_all(forgetful_redis: RedisServer) -> None:
    fleet = on_redis.open_fleet(forgetful_redis.url, patience_s=PATIENCE_S)
    async with opened(fleet):
        await fleet.sockets.beat("g1", 3600)
        first = await fleet.sockets.claim(CHARGER, "g1", "c1", "ocpp1.6")
        await asyncio.to_thread(forgetful_redis.stop)
        await asyncio.to_thread(forgetful_redis.start)
        assert not await fleet.sockets.beat("g1", 3600)  # so the gateway knows that it has to claim anew
        assert await fleet.sockets.owner(CHARGER) is None
        assert await fleet.sockets.claim(CHARGER, "g1", "c1", "ocpp1.6") > first


async def test_redis_falls_silenced(forgetful_redis: RedisServer) -> None:
    fleet = on_redis.open_fleet(forgetful_redis.url, patience_s=PATIENCE_S)
    async with opened(fleet):
        await fleet.sockets.beat("g1", 3600)
        with silenced(forgetful_redis.pid):
            await nobody_waits_long(fleet, RedisRig(forgetful_redis.url))
        await eventually(lambda: works(fleet))


async def test_time_without_redis_kills_no_gateway(forgetful_redis: RedisServer) -> None:
    fleet = on_redis.open_fleet(forgetful_redis.url)
    async with opened(fleet):
        with redis.Redis.from_url(forgetful_redis.url) as client:
            client.hset("zeus:gateways", mapping={"patient": "[0,3600000]", "hasty": "[0,1]"})

        async def hasty_is_dead() -> bool:  # Redis tells how long it has been up in whole seconds
            return "hasty" not in await fleet.sockets.living()

        await eventually(hasty_is_dead)
        assert await fleet.sockets.living() == {"patient"}


def test_a_missing_redis_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RedisNotInstalled, match="apt-get install redis-server"):
        RedisServer(tmp_path)
