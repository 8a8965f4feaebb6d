"""Is this process alive, and should it be sent traffic? `/livez` and `/readyz`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from sqlalchemy import Connection, text

from adapters.http.database import Database
from adapters.http.lag import LagWatch
from adapters.http.problems import Problem
from application import clock
from application.ports import EventStore, EventStoreError, Snapshot

log = logging.getLogger("zeus.health")

Probe = Callable[[], Awaitable[str]]
"""Looks at one thing: empty when it is well, else one sentence that says what is wrong."""

LOOP_BUDGET_S = 5.0
PROBE_S = 3.0
FRESH_S = 2.0
"""Anonymous callers may ask as often as they like: the probes run once in this time."""


class Readiness(msgspec.Struct, frozen=True):
    """The verdict, with a reason for each thing that is not well."""

    reasons: Mapping[str, str]
    notes: Mapping[str, str]
    """What an operator should look at, and no reason to send the chargers away."""

    @property
    def ready(self) -> bool:
        """Whether to send traffic here."""
        return not self.reasons


class Health:
    """Runs the probes, all at once, each in bounded time, and remembers the verdict for a moment."""

    def __init__(self, probes: Mapping[str, Probe], notes: Mapping[str, Probe]) -> None:
        """`probes` decide; `notes` are looked at and shown."""
        self._probes = probes
        self._notes = notes
        self._verdict = Readiness({}, {})
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    async def readiness(self) -> Readiness:
        """The verdict, at most `FRESH_S` old."""
        async with self._looking:
            if clock.monotonic() - self._looked_at > FRESH_S:
                before, self._verdict = self._verdict, await self._look()
                self._looked_at = clock.monotonic()
                if self._verdict.reasons.keys() != before.reasons.keys():
                    log.warning("readiness changed: %s", dict(self._verdict.reasons) or "ready")
            return self._verdict

    async def _look(self) -> Readiness:
        everything = {**self._probes, **self._notes}
        words = await asyncio.gather(*(_bounded(probe) for probe in everything.values()))
        found = {name: reason for name, reason in zip(everything, words, strict=True) if reason}
        return Readiness(
            {name: found[name] for name in self._probes if name in found},
            {name: found[name] for name in self._notes if name in found},
        )


async def loop_turn_s() -> float:
    """How long one turn of the event loop takes: everything that was waiting runs in between."""
    since = clock.monotonic()
    await asyncio.sleep(0)
    return clock.monotonic() - since


def database_probe(database: Database) -> Probe:
    """Can the database be read?"""

    def look(connection: Connection) -> None:
        connection.execute(text("SELECT 1"))

    async def probe() -> str:
        try:
            await database.read_all(look)
        except Problem as problem:
            return problem.detail
        return ""

    return probe


def store_probe(store: EventStore) -> Probe:
    """Does the event store take writes? Writes one row beside the log, over the store's own connections."""

    async def probe() -> str:
        try:
            await store.save_snapshot(Snapshot("zeus/readiness", 1, "zeus.readiness", b""))
        except EventStoreError as error:
            return f"The event store does not take writes: {error}"
        return ""

    return probe


def lag_probe(watch: LagWatch, budget_s: float) -> Probe:
    """Are the live read models at work, and within `budget_s` of the log?"""

    async def probe() -> str:
        try:
            lags = [lag for lag in await watch.read() if lag.place == "live"]
        except Problem as problem:
            return problem.detail
        if not lags:
            return "No read model has been built yet."
        late = [lag.name for lag in lags if lag.behind_s > budget_s and lag.state == "running"]
        return f"More than {budget_s:g} s behind the log: {', '.join(late)}." if late else ""

    return probe


def stopped_probe(watch: LagWatch) -> Probe:
    """Has a read model stopped at an event it cannot take? Every process would say so, and the chargers
    must not be sent away for it: a note, no reason."""

    async def probe() -> str:
        try:
            stopped = [lag.name for lag in await watch.read() if lag.state == "stopped"]
        except Problem as problem:
            return problem.detail
        return f"Stopped at an event: {', '.join(stopped)}. See /api/ocpp/read-models." if stopped else ""

    return probe


async def _bounded(probe: Probe) -> str:
    try:
        async with asyncio.timeout(PROBE_S):
            return await probe()
    except TimeoutError:
        return f"No answer within {PROBE_S:g} s."
