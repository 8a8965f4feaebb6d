"""The ledger of jobs in `fleet.jobs`: one row a job, one statement a claim."""

from datetime import datetime, timedelta

from adapters.postgres.link import PostgresLink
from application.jobs import LEASE, JobRecord

# The row lock makes one of two claims wait for the other, and then find that nothing is due.
_CLAIM = """
    INSERT INTO fleet.jobs AS j (name, due_at, runner, running_since, lease_until, runs)
    VALUES (%(job)s, %(next)s, %(runner)s, %(now)s, %(lease)s, 1)
    ON CONFLICT (name) DO UPDATE SET
        due_at = excluded.due_at, runner = excluded.runner, running_since = excluded.running_since,
        lease_until = excluded.lease_until, runs = j.runs + 1
    WHERE j.due_at <= %(now)s AND (j.running_since IS NULL OR j.lease_until <= %(now)s)
    RETURNING name
"""
_RENEW = """
    UPDATE fleet.jobs SET lease_until = %(lease)s
    WHERE name = %(job)s AND runner = %(runner)s AND running_since IS NOT NULL
    RETURNING name
"""
_SUCCEEDED = """
    UPDATE fleet.jobs SET running_since = NULL, last_success_at = %(now)s, last_did = %(did)s,
        last_error = '', last_error_at = NULL
    WHERE name = %(job)s AND runner = %(runner)s AND running_since IS NOT NULL
"""
_FAILED = """
    UPDATE fleet.jobs SET running_since = NULL, last_error = %(error)s, last_error_at = %(now)s,
        failures = failures + 1, due_at = coalesce(%(again)s::timestamptz, due_at)
    WHERE name = %(job)s AND runner = %(runner)s AND running_since IS NOT NULL
"""
RECORDS = """
    SELECT name, due_at, runner, running_since, last_success_at, last_did, last_error, last_error_at, runs, failures
    FROM fleet.jobs ORDER BY name
"""
ERROR_LENGTH = 500


class PostgresJobLedger:
    """The port `application.jobs.JobLedger` on Postgres."""

    def __init__(self, link: PostgresLink) -> None:
        """The tables exist (`fleet_schema.create`)."""
        self._link = link

    async def claim(self, job: str, now: datetime, every: timedelta, runner: str) -> bool:
        """See the port."""
        asked = {"job": job, "now": now, "next": now + every, "lease": now + LEASE, "runner": runner}
        return bool(await self._link.rows(_CLAIM, asked))

    async def renew(self, job: str, now: datetime, runner: str) -> bool:
        """See the port."""
        asked = {"job": job, "lease": now + LEASE, "runner": runner}
        return bool(await self._link.rows(_RENEW, asked))

    async def finish(
        self,
        job: str,
        now: datetime,
        runner: str,
        *,
        did: int = 0,
        error: str = "",
        again_at: datetime | None = None,
    ) -> None:
        """See the port."""
        told = {"job": job, "now": now, "runner": runner, "did": did, "error": error[:ERROR_LENGTH]}
        told["again"] = again_at
        await self._link.rows(_FAILED if error else _SUCCEEDED, told)

    async def records(self) -> list[JobRecord]:
        """See the port."""
        return [record_of(row) for row in await self._link.rows(RECORDS, {})]


def record_of(row: tuple[object, ...]) -> JobRecord:
    """A row as `RECORDS` asks for it."""
    return JobRecord(**dict(zip(JobRecord.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]
