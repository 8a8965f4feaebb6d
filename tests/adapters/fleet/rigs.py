"""The brokers on which the contracts run: mix one in beside a contract."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import psycopg
import pytest
import redis

from adapters.postgres import fleet as on_postgres
from adapters.postgres import fleet_schema
from adapters.redis import fleet as on_redis
from application import clock
from application.fleet import Fleet
from tests.contracts.fleet import Rig
from tests.fakes.fleet import InMemoryBroker, InMemoryPost

_TABLES = (
    "fleet.sockets, fleet.gateways, fleet.parcels, fleet.idempotency_keys, fleet.rate_limits, fleet.waits, "
    "fleet.leases"
)


class FakeRig:
    """In memory; time goes by when told."""

    def __init__(self) -> None:
        self.broker = InMemoryBroker()

    def open(self) -> Fleet:
        return self.broker.open_fleet()

    def now(self) -> datetime:
        return self.broker.now()

    async def elapse(self, seconds: float) -> None:
        self.broker.seconds += seconds
        await asyncio.sleep(0)

    async def cut(self, fleet: Fleet) -> None:
        assert isinstance(fleet.post, InMemoryPost)
        fleet.post.cut = True

    async def mend(self, fleet: Fleet) -> None:
        assert isinstance(fleet.post, InMemoryPost)
        fleet.post.cut = False


class _RealRig:
    def now(self) -> datetime:
        return clock.now()

    async def elapse(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def mend(self, fleet: Fleet) -> None:
        """By itself."""


class PostgresRig(_RealRig):
    """A database with the fleet's tables."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def open(self) -> Fleet:
        return on_postgres.open_fleet(self.dsn)

    async def cut(self, fleet: Fleet) -> None:
        """Of all posts; returns when their backends are gone."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            gone = connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE application_name = 'zeus post' AND datname = current_database()"
            ).fetchall()
        assert all(one for (one,) in gone)


class RedisRig(_RealRig):
    """A Redis of the tests' own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def open(self) -> Fleet:
        return on_redis.open_fleet(self.url)

    async def cut(self, fleet: Fleet) -> None:
        """Of all posts."""
        with redis.Redis.from_url(self.url) as client:
            client.client_kill_filter(_type="pubsub")


class _Processes:
    @pytest.fixture
    async def here(self, rig: Rig) -> AsyncIterator[Fleet]:
        """One process's fleet."""
        fleet = rig.open()
        yield fleet
        await fleet.close()

    @pytest.fixture
    async def there(self, rig: Rig) -> AsyncIterator[Fleet]:
        """Another's."""
        fleet = rig.open()
        yield fleet
        await fleet.close()


class OnFake(_Processes):
    """The fake."""

    @pytest.fixture
    def rig(self) -> Rig:
        """Empty."""
        return FakeRig()

    @pytest.fixture
    def machine_rig(self) -> Callable[[], Rig]:
        """A new one each time."""
        return FakeRig


class OnPostgres(_Processes):
    """A real server, one database for all tests of a module."""

    @pytest.fixture
    def rig(self, module_postgres_dsn: str) -> Rig:
        """Empty tables."""
        fleet_schema.create(module_postgres_dsn)
        with psycopg.connect(module_postgres_dsn) as connection:
            connection.execute(f"TRUNCATE {_TABLES}")
        return PostgresRig(module_postgres_dsn)

    @pytest.fixture
    def machine_rig(self, rig: Rig) -> Callable[[], Rig]:
        """The same each time."""
        return lambda: rig


class OnRedis(_Processes):
    """A real server for all tests."""

    @pytest.fixture
    def rig(self, redis_url: str) -> Rig:
        """Empty."""
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        return RedisRig(redis_url)

    @pytest.fixture
    def machine_rig(self, rig: Rig) -> Callable[[], Rig]:
        """The same each time."""
        return lambda: rig
