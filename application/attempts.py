"""Refused handshakes: each kind is recorded at once, its repetitions as a count, so a storm stays small."""

import asyncio
from datetime import datetime

import msgspec

from application import clock
from application.ports import EventStore
from domain.chargers.events import HandshakeRefused
from domain.event import Told, events_of

WINDOW_S = 60.0
"""Equal attempts within this time are one row with a count."""
KINDS = 2_000
"""Different attempts remembered at once; beyond it an attacker's variety is counted as one kind."""


class Attempts:
    """Records refused handshakes of one tenant."""

    def __init__(self, store: EventStore, tenant: str) -> None:
        self._store = store
        self._tenant = tenant
        self._repeated: dict[tuple[str, ...], tuple[float, HandshakeRefused, int]] = {}

    async def refused(self, fact: HandshakeRefused, now: datetime) -> None:
        """Record a refusal, or count it with the equal one before it. Raises StoreUnavailable."""
        kind = (fact.cpid, fact.reason, fact.remote, fact.path)
        if kind not in self._repeated and len(self._repeated) >= KINDS:
            fact = msgspec.structs.replace(
                fact, cpid="", path="", hint="Too many different attempts at once."
            )
            kind = ("", fact.reason, fact.remote, "")
        since, first, count = self._repeated.get(kind, (clock.monotonic(), fact, 0))
        self._repeated[kind] = (since, first, count + 1)
        if count == 0:
            await self._append(fact, now)

    async def flush(self, now: datetime, *, everything: bool = False) -> None:
        """Write the counts whose window is over; call it every few seconds and once at the end."""
        limit = clock.monotonic() - (0 if everything else WINDOW_S)
        due = [kind for kind, (since, _, _) in self._repeated.items() if since <= limit]
        counted = [self._repeated.pop(kind) for kind in due]
        repeats = [msgspec.structs.replace(fact, count=n - 1) for _, fact, n in counted if n > 1]
        await asyncio.gather(*(self._append(fact, now) for fact in repeats))

    async def _append(self, fact: HandshakeRefused, now: datetime) -> None:
        stream = f"attempt/{self._tenant}/{clock.time_ordered_id()}"
        await self._store.append(events_of(stream, 0, [fact], Told(recorded_at=now)))
