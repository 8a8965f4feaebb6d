"""The contract of `application.fleet.SocketRegistry` on the fake, on Postgres and on Redis."""

from tests.adapters.fleet.rigs import OnFake, OnPostgres, OnRedis
from tests.contracts.socket_registry import SocketRegistryContract


class TestInMemory(OnFake, SocketRegistryContract):
    """The fake."""


class TestPostgres(OnPostgres, SocketRegistryContract):
    """A real server."""


class TestRedis(OnRedis, SocketRegistryContract):
    """A real server."""
