"""Sessions of people: the fake and Postgres do the same; the application's role may use the table."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres import fleet_schema
from adapters.postgres.link import PostgresLink
from adapters.postgres.sessions import PostgresSessions
from application.sessions import Sessions
from tests.contracts.sessions import SessionsContract, session
from tests.fakes.sessions import InMemorySessions


class TestInMemory(SessionsContract):
    """The fake."""

    @pytest.fixture
    def sessions(self) -> Sessions:
        """Empty."""
        return InMemorySessions()

    @pytest.fixture
    def unreachable(self) -> Sessions:
        """Away."""
        away = InMemorySessions()
        away.unavailable = True
        return away


class TestOnPostgres(SessionsContract):
    """The real one."""

    @pytest.fixture
    async def sessions(self, module_postgres_dsn: str) -> AsyncIterator[Sessions]:
        """An empty table."""
        fleet_schema.create(module_postgres_dsn)
        with psycopg.connect(module_postgres_dsn) as connection:
            connection.execute("TRUNCATE fleet.sessions")
        link = PostgresLink(module_postgres_dsn, connections=2)
        yield PostgresSessions(link)
        await link.close()

    @pytest.fixture
    async def unreachable(self) -> AsyncIterator[Sessions]:
        """Nobody listens there."""
        link = PostgresLink("postgresql://nobody@127.0.0.1:1/none", patience_s=1.0)
        yield PostgresSessions(link)
        await link.close()


async def test_the_role_of_the_application_works_with_sessions(postgres_dsn: str) -> None:
    fleet_schema.create(postgres_dsn)
    as_gateway = f"{'&' if '?' in postgres_dsn else '?'}options=-c%20role%3Dzeus_gateway"
    link = PostgresLink(postgres_dsn + as_gateway)
    try:
        sessions = PostgresSessions(link)
        await sessions.begin(session(1))
        assert await sessions.find("acme-1") is not None
        await sessions.end_all("acme", "u")
    finally:
        await link.close()
