"""How many live streams there may be at once: of one credential, and of one tenant, over all processes."""

import logging
from types import TracebackType
from typing import Self

import msgspec

from application import clock
from application.fleet import FleetUnavailable, Leases, Room

log = logging.getLogger("zeus.http")

LEASE_S = 90.0
"""Renew well within this; a process that dies holds its places no longer."""
RENEW_EVERY_S = 30.0


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """At once."""

    per_credential: int = 5
    per_tenant: int = 200


class TooManyStreams(Exception):
    """Too many live streams are open already: close one, or wait until one of those that broke off is forgotten."""

    retry_after_s = 30


class StreamPlaces:
    """Gives places out."""

    def __init__(self, leases: Leases, limits: StreamLimits | None = None) -> None:
        self._leases = leases
        self._limits = limits or StreamLimits()

    def place(self, tenant: str, credential: str) -> "Place":
        """A place to be taken by `async with`; `credential` is the caller's name, such as `key:…`."""
        rooms = (
            Room(f"streams/{tenant}/{credential}", self._limits.per_credential),
            Room(f"streams/{tenant}", self._limits.per_tenant),
        )
        return Place(self._leases, rooms)


class Place:
    """The place of one stream, from its beginning to its end."""

    def __init__(self, leases: Leases, rooms: tuple[Room, ...]) -> None:
        self._leases = leases
        self._rooms = rooms
        self._name = clock.time_ordered_id()

    async def __aenter__(self) -> Self:
        """Raises TooManyStreams."""
        await self.renew()
        return self

    async def renew(self) -> None:
        """Call it every RENEW_EVERY_S. Raises TooManyStreams where the place was lost to others meanwhile.

        Where nobody can count, nobody is turned away.
        """
        try:
            full = await self._leases.take(self._name, self._rooms, ttl_s=LEASE_S)
        except FleetUnavailable as error:
            log.warning("live streams are not counted now: %r", error)
            return
        if full:
            raise TooManyStreams

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._leases.give_back(self._name)
        except FleetUnavailable as away:
            log.warning("the place of a live stream will be free in %.0f s: %r", LEASE_S, away)
