"""The contract of `application.fleet.Waits` on the fake, on Postgres and on Redis."""

from tests.adapters.fleet.rigs import OnFake, OnPostgres, OnRedis
from tests.contracts.waits import WaitsContract


class TestInMemory(OnFake, WaitsContract):
    """The fake."""


class TestPostgres(OnPostgres, WaitsContract):
    """A real server."""


class TestRedis(OnRedis, WaitsContract):
    """A real server."""
