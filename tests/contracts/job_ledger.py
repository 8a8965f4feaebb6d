"""What every ledger of jobs does: subclass `JobLedgerContract` and give it a `ledger` fixture."""

import asyncio
from datetime import UTC, datetime, timedelta

from application.jobs import AGAIN, LEASE, Job, JobLedger, NotYet, run_due

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class JobLedgerContract:
    """The cases."""

    async def test_one_of_many_does_a_run(self, ledger: JobLedger) -> None:
        claims = await asyncio.gather(*(ledger.claim("j", NOON, MINUTE, f"r{n}") for n in range(20)))
        assert sum(claims) == 1

    async def test_the_next_run_is_due_a_period_later(self, ledger: JobLedger) -> None:
        assert await ledger.claim("j", NOON, MINUTE, "a")
        await ledger.finish("j", NOON, "a", did=3)
        assert not await ledger.claim("j", NOON + MINUTE - timedelta(seconds=1), MINUTE, "b")
        assert await ledger.claim("j", NOON + MINUTE, MINUTE, "b")

    async def test_nobody_begins_while_another_runs(self, ledger: JobLedger) -> None:
        assert await ledger.claim("j", NOON, MINUTE, "a")
        for renewals in range(1, 20):
            assert await ledger.renew("j", NOON + renewals * LEASE / 3, "a")
        assert not await ledger.claim("j", NOON + 7 * LEASE, MINUTE, "b")
        assert not await ledger.renew("j", NOON + 7 * LEASE, "b")

    async def test_a_run_whose_process_died_is_taken_over(self, ledger: JobLedger) -> None:
        assert await ledger.claim("j", NOON, SECOND, "a")
        assert not await ledger.claim("j", NOON + LEASE - SECOND, SECOND, "b")
        assert await ledger.claim("j", NOON + LEASE, SECOND, "b")
        assert not await ledger.renew("j", NOON + LEASE, "a")
        await ledger.finish("j", NOON + LEASE, "a", did=9)  # it was only slow: too late
        [record] = await ledger.records()
        assert (record.runner, record.last_success_at) == ("b", None)

    async def test_jobs_do_not_know_each_other(self, ledger: JobLedger) -> None:
        assert await ledger.claim("j", NOON, MINUTE, "a")
        assert await ledger.claim("k", NOON, MINUTE, "a")
        assert [record.name for record in await ledger.records()] == ["j", "k"]

    async def test_the_last_success_stands_beside_the_newest_failure(self, ledger: JobLedger) -> None:
        assert await ledger.claim("j", NOON, MINUTE, "a")
        await ledger.finish("j", NOON, "a", did=3)
        later = NOON + MINUTE
        assert await ledger.claim("j", later, MINUTE, "b")
        await ledger.finish("j", later, "b", error="no bread")
        [record] = await ledger.records()
        assert (record.last_success_at, record.last_did, record.last_error) == (NOON, 3, "no bread")
        assert (record.runs, record.failures, record.running_since, record.runner) == (2, 1, None, "b")
        assert record.last_error_at == later
        assert await ledger.claim("j", later + MINUTE, MINUTE, "a")
        await ledger.finish("j", later + MINUTE, "a")
        [record] = await ledger.records()
        assert (record.last_error, record.last_error_at, record.failures) == ("", None, 1)

    async def test_what_was_not_there_yet_is_asked_for_again_soon(self, ledger: JobLedger) -> None:
        async def do(_: datetime) -> int:
            raise NotYet("no oven")

        job = Job("j", 5 * MINUTE, do)
        assert await run_due(job, ledger, "a", lambda: NOON) is None
        [record] = await ledger.records()
        assert (record.due_at, record.last_error) == (NOON + AGAIN, "no oven")
        assert await ledger.claim("j", NOON + AGAIN, job.every, "b")

    async def test_three_workers_do_each_run_once(self, ledger: JobLedger) -> None:
        """Whatever the order of their looks."""
        done: list[datetime] = []

        async def do(now: datetime) -> int:
            done.append(now)
            return 1

        job = Job("j", MINUTE, do)
        for tick in range(60):
            now = NOON + tick * timedelta(seconds=15)
            await asyncio.gather(*(run_due(job, ledger, f"r{n}", lambda now=now: now) for n in range(3)))
        assert done == [NOON + minute * MINUTE for minute in range(15)]

    async def test_an_error_ends_that_run_alone(self, ledger: JobLedger) -> None:
        outcomes = iter([RuntimeError("once"), 5])

        async def do(now: datetime) -> int:
            outcome = next(outcomes)
            if isinstance(outcome, RuntimeError):
                raise outcome
            return outcome

        job = Job("j", MINUTE, do)
        assert await run_due(job, ledger, "a", lambda: NOON) is None
        [record] = await ledger.records()
        assert (record.last_error, record.last_success_at) == ("RuntimeError: once", None)
        assert await run_due(job, ledger, "a", lambda: NOON + MINUTE) == 5
        [record] = await ledger.records()
        assert (record.last_error, record.last_did) == ("", 5)
