"""Refused handshakes: each kind is recorded at once, its repetitions as a count, so a storm stays small."""

import asyncio
from datetime import datetime

import msgspec

from application import clock
from application.lockouts import Closed
from application.ports import EventStore, StoreUnavailable
from domain.chargers.events import HandshakeRefused
from domain.event import Told, events_of

WINDOW_S = 60.0
"""Equal attempts within this time are one row with a count."""
KINDS = 2_000
"""Different attempts remembered at once; beyond it an attacker's variety is counted as one kind."""


_SHUT = frozenset({Closed.RATE_LIMITED, Closed.AUTH_LOCKED})


class _Kind(msgspec.Struct):
    """Equal attempts since the first of them."""

    since: float
    first: HandshakeRefused
    tenant: str
    owed: int = 0
    """Attempts that are not in the log yet."""


class Attempts:
    """Records refused handshakes, each with the tenant it was meant for."""

    def __init__(self, store: EventStore, tenant: str) -> None:
        """`tenant` has those that name no other."""
        self._store = store
        self._tenant = tenant
        self._kinds: dict[tuple[str, ...], _Kind] = {}

    async def refused(self, fact: HandshakeRefused, now: datetime, tenant: str = "") -> None:
        """Record a refusal, or count it with the equal one before it.

        Raises StoreUnavailable; the refusal is counted then, and recorded by a later `flush`.
        """
        tenant = tenant or self._tenant
        if fact.reason in _SHUT and not fact.known:
            fact = _one_of_an_address(fact)
        if _name(fact, tenant) not in self._kinds and len(self._kinds) >= KINDS:
            fact = _one_of_too_many(fact)
        known = self._kinds.get(_name(fact, tenant))
        if known is not None:
            known.owed += 1
            return
        since = clock.monotonic()
        self._kinds[_name(fact, tenant)] = _Kind(since, fact, tenant)
        await self._append(_Kind(since, fact, tenant, owed=1), now)

    async def flush(self, now: datetime, *, everything: bool = False) -> None:
        """Write the counts whose window is over; call it every few seconds and once at the end.

        Raises StoreUnavailable; what was not written is kept for the next time.
        """
        limit = clock.monotonic() - (0 if everything else WINDOW_S)
        due = [name for name, kind in self._kinds.items() if kind.since <= limit]
        counted = [self._kinds.pop(name) for name in due]
        tasks = [self._append(kind, now) for kind in counted if kind.owed]
        failed = [error for error in await asyncio.gather(*tasks, return_exceptions=True) if error]
        if failed:
            raise failed[0]

    async def _append(self, kind: _Kind, now: datetime) -> None:
        stream = f"attempt/{kind.tenant}/{clock.time_ordered_id()}"
        fact = msgspec.structs.replace(kind.first, count=kind.owed)
        try:
            await self._store.append(events_of(stream, 0, [fact], Told(recorded_at=now)))
        except StoreUnavailable:
            self._owe(kind)
            raise

    def _owe(self, kind: _Kind) -> None:
        """Count what was not written with the equal ones that came meanwhile, if any did."""
        first = kind.first
        if _name(first, kind.tenant) not in self._kinds and len(self._kinds) >= KINDS:
            first = _one_of_too_many(first)
        again = _Kind(kind.since, first, kind.tenant)
        self._kinds.setdefault(_name(first, kind.tenant), again).owed += kind.owed


def _name(fact: HandshakeRefused, tenant: str) -> tuple[str, ...]:
    return (tenant, fact.cpid, fact.reason, fact.remote, fact.path)


def _one_of_an_address(fact: HandshakeRefused) -> HandshakeRefused:
    """Nothing that was shown has been looked at, so it is no use to keep a row for each id that somebody makes up."""
    return msgspec.structs.replace(fact, cpid="", path="", user_agent="", subprotocols=())


def _one_of_too_many(fact: HandshakeRefused) -> HandshakeRefused:
    """Without what an attacker may vary, his address among it: one kind for each of our reasons."""
    hint = "Too many different attempts at once."
    return msgspec.structs.replace(
        fact, cpid="", path="", remote="", user_agent="", subprotocols=(), known=False, hint=hint
    )
