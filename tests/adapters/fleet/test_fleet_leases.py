"""The contract of `application.fleet.Leases` on the fake, on Postgres and on Redis."""

from tests.adapters.fleet.rigs import OnFake, OnPostgres, OnRedis
from tests.contracts.leases import LeasesContract


class TestInMemory(OnFake, LeasesContract):
    """The fake."""


class TestPostgres(OnPostgres, LeasesContract):
    """A real server."""


class TestRedis(OnRedis, LeasesContract):
    """A real server."""
