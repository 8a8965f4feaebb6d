"""Uptime: exclusions declared and withdrawn by people, and what ports can deliver."""

from collections.abc import Callable

from application import clock
from application.ports import EventStore, VersionConflict
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId
from domain.uptime.book import UptimeBook, Wanted, book_of, uptime_stream

ATTEMPTS = 8

Decide = Callable[[UptimeBook], list[Fact]]


class Uptime:
    """What one person says."""

    def __init__(self, store: EventStore, tenant: str, actor: str, cause: str = "") -> None:
        """`cause` is the request behind what is written."""
        self._store = store
        self._tenant = tenant
        self._actor = actor
        self._cause = cause

    async def exclude(self, cpid: str, wanted: Wanted, exclusion_id: str = "") -> str:
        """Declare an exclusion; its id, made up where none is given.

        Raises ExclusionInvalid, InvalidChargerId. The same id again is the same exclusion.
        """
        name = exclusion_id or clock.time_ordered_id()
        await self._change(cpid, lambda book: book.declare(wanted, name))
        return name

    async def withdraw(self, cpid: str, exclusion_id: str, reason: str) -> None:
        """Take an exclusion back. Raises ExclusionUnknown, ExclusionWithdrawnAlready."""
        await self._change(cpid, lambda book: book.withdraw(exclusion_id, reason))

    async def rate(self, cpid: str, evse_id: int, rated_w: int) -> None:
        """Say what a port can deliver. Raises ExclusionInvalid."""
        await self._change(cpid, lambda book: book.rate(evse_id, rated_w))

    async def _change(self, cpid: str, decide: Decide) -> None:
        charger = ChargerId.of(self._tenant, cpid)
        stream = uptime_stream(charger)
        for _ in range(ATTEMPTS):
            book = book_of(charger, await self._store.read(stream))
            facts = decide(book)
            if not facts:
                return
            told = Told(recorded_at=clock.now(), actor=self._actor, cause=self._cause)
            try:
                await self._store.append(events_of(stream, book.version, facts, told))
            except VersionConflict:
                continue
            return
        raise VersionConflict(stream)
