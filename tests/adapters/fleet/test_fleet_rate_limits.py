"""The contract of `application.fleet.RateLimits` on the fake, on Postgres and on Redis."""

from tests.adapters.fleet.rigs import OnFake, OnPostgres, OnRedis
from tests.contracts.rate_limits import RateLimitsContract


class TestInMemory(OnFake, RateLimitsContract):
    """The fake."""


class TestPostgres(OnPostgres, RateLimitsContract):
    """A real server."""


class TestRedis(OnRedis, RateLimitsContract):
    """A real server."""
