"""The contract of `application.fleet.Post` on the fake, on Postgres and on Redis."""

from tests.adapters.fleet.rigs import OnFake, OnPostgres, OnRedis
from tests.contracts.post import PostContract


class TestInMemory(OnFake, PostContract):
    """The fake."""


class TestPostgres(OnPostgres, PostContract):
    """A real server."""


class TestRedis(OnRedis, PostContract):
    """A real server."""
