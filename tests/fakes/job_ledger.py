"""The ledger of jobs in memory, which passes the contract of the real one."""

from datetime import datetime, timedelta

import msgspec

from application.fleet import FleetUnavailable
from application.jobs import LEASE, JobRecord


class InMemoryJobLedger:
    """`unavailable = True` makes every call raise."""

    def __init__(self) -> None:
        """Empty."""
        self.unavailable = False
        self._records: dict[str, JobRecord] = {}
        self._leases: dict[str, datetime] = {}

    async def claim(self, job: str, now: datetime, every: timedelta, runner: str) -> bool:
        """See the port."""
        known = self._known(job)
        if known is not None:
            held = known.running_since is not None and now < self._leases[job]
            if held or now < known.due_at:
                return False
        fresh = known or JobRecord(
            name=job, due_at=now, runner=runner, running_since=None, last_success_at=None, last_did=0,
            last_error="", last_error_at=None, runs=0, failures=0,
        )  # fmt: skip
        self._leases[job] = now + LEASE
        self._records[job] = msgspec.structs.replace(
            fresh, due_at=now + every, runner=runner, running_since=now, runs=fresh.runs + 1
        )
        return True

    async def renew(self, job: str, now: datetime, runner: str) -> bool:
        """See the port."""
        known = self._known(job)
        if known is None or known.runner != runner or known.running_since is None:
            return False
        self._leases[job] = now + LEASE
        return True

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
        known = self._known(job)
        if known is None or known.runner != runner or known.running_since is None:
            return
        if error:
            told = {"last_error": error, "last_error_at": now, "failures": known.failures + 1}
            told |= {"due_at": again_at or known.due_at}
        else:
            told = {"last_success_at": now, "last_did": did, "last_error": "", "last_error_at": None}
        self._records[job] = msgspec.structs.replace(known, running_since=None, **told)

    async def records(self) -> list[JobRecord]:
        """See the port."""
        self._known("")
        return [self._records[name] for name in sorted(self._records)]

    def _known(self, job: str) -> JobRecord | None:
        if self.unavailable:
            raise FleetUnavailable("the ledger is away")
        return self._records.get(job)
