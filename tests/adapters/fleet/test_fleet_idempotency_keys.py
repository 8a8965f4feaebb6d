"""The contract of `application.fleet.IdempotencyKeys` on the fake, on Postgres and on Redis."""

from tests.adapters.fleet.rigs import OnFake, OnPostgres, OnRedis
from tests.contracts.idempotency_keys import IdempotencyKeysContract


class TestInMemory(OnFake, IdempotencyKeysContract):
    """The fake."""


class TestPostgres(OnPostgres, IdempotencyKeysContract):
    """A real server."""


class TestRedis(OnRedis, IdempotencyKeysContract):
    """A real server."""
