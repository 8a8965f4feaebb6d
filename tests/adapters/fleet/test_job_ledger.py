"""The contract of `application.jobs.JobLedger` on the fake and on Postgres."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import psycopg
import pytest

from adapters.postgres import fleet_schema
from adapters.postgres.job_ledger import PostgresJobLedger
from adapters.postgres.link import PostgresLink
from application.fleet import FleetUnavailable
from application.jobs import Job, JobLedger, run_due
from tests.contracts.job_ledger import MINUTE, NOON, JobLedgerContract
from tests.fakes.job_ledger import InMemoryJobLedger


class TestInMemory(JobLedgerContract):
    """The fake."""

    @pytest.fixture
    def ledger(self) -> JobLedger:
        """Empty."""
        return InMemoryJobLedger()

    async def test_without_a_ledger_nothing_is_run(self) -> None:
        ledger = InMemoryJobLedger()
        ledger.unavailable = True

        async def do(now: object) -> int:
            raise AssertionError("nobody said that it is ours to do")

        assert await run_due(Job("j", MINUTE, do), ledger, "a", lambda: NOON) is None

    async def test_a_run_that_goes_on_holds_its_lease(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("application.jobs.LEASE", timedelta(milliseconds=30))
        ledger, renewed, often = InMemoryJobLedger(), list[str](), asyncio.Event()

        async def renew(job: str, now: datetime, runner: str) -> bool:
            renewed.append(runner)
            if len(renewed) == 1:
                raise FleetUnavailable("for a moment")
            if len(renewed) == 3:
                often.set()
            return True

        async def do(now: datetime) -> int:
            await often.wait()
            return 1

        monkeypatch.setattr(ledger, "renew", renew)
        assert await run_due(Job("j", MINUTE, do), ledger, "a", lambda: NOON) == 1
        before = len(renewed)
        await asyncio.sleep(0.05)
        assert renewed == ["a"] * before, "over is over"


class TestPostgres(JobLedgerContract):
    """A real server."""

    @pytest.fixture
    async def ledger(self, module_postgres_dsn: str) -> AsyncIterator[JobLedger]:
        """Empty."""
        fleet_schema.create(module_postgres_dsn)
        with psycopg.connect(module_postgres_dsn) as connection:
            connection.execute("TRUNCATE fleet.jobs")
        link = PostgresLink(module_postgres_dsn)
        yield PostgresJobLedger(link)
        await link.close()
