"""Requests to the API without a good credential: counted by address before anything is hashed or looked up.

A credential that was good in this process is let pass whatever its neighbours do: an attacker behind the same NAT
locks nobody out. Of an address that has to wait another credential is looked at now and then all the same.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

import msgspec

from application import clock
from application.fleet import Post, RateLimits, Waits
from application.ports import EventStore
from application.waiting_room import Rule, WaitingRoom
from domain.event import Told, events_of
from domain.safeguards.events import AddressHeld

PREFIX = "api/"
KNOWN = 5_000
"""Good credentials that one process remembers, as keyed digests; the newest."""
_LOOKING = Rule(0.1, 3, "look")
"""Of an address that has to wait so many unknown credentials are looked at: one in ten seconds, three at once."""


class StrangerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests without a good credential are answered before an address has to wait."""

    per_min: int = 60
    """From one address; at once twice as many."""


class Strangers:
    """The counts of this process, over those of all."""

    def __init__(
        self,
        store: EventStore,
        tenant: str,
        shared: RateLimits,
        post: Post,
        kept: Waits | None = None,
        limits: StrangerLimits | None = None,
        now: Callable[[], float] = clock.monotonic,
    ) -> None:
        """`tenant` has what is recorded: whoever runs the installation."""
        limits = limits or StrangerLimits()
        self._store = store
        self._tenant = tenant
        self._room = WaitingRoom(PREFIX, shared, post, kept, now)
        self._rule = Rule(limits.per_min / 60, 2 * limits.per_min, "strangers")
        self._key = bytes.fromhex(clock.salt())
        self._known: OrderedDict[bytes, None] = OrderedDict()

    async def recall(self) -> None:
        """Know at once who has to wait: call it when the process starts."""
        await self._room.recall()

    async def wait_s(self, origin: str, credential: str) -> float:
        """Before anything is looked up: how long to wait; 0 where the credential may be looked at.

        Counts the credential as a bad one until `good` says otherwise, so that asking in parallel gains nothing.
        Raises StoreUnavailable where it cannot be recorded that the address has to wait.
        """
        if not origin or (credential and self._digest(credential) in self._known):
            return 0.0
        left_s = self._room.left(_named(origin))
        if left_s > 0:
            look = credential and not self._room.count(f"{PREFIX}look/{origin}", _LOOKING)
            return 0.0 if look else left_s
        missing_s = self._room.count(_named(origin), self._rule)
        if missing_s > 0:
            await self._share(origin, missing_s)
        return missing_s and max(missing_s, self._room.left(_named(origin)))

    def good(self, origin: str, credential: str) -> None:
        """It was a good one: let it pass from now on, and take back what was counted."""
        digest = self._digest(credential)
        if digest not in self._known:
            self._room.uncount(_named(origin), self._rule)
            if len(self._known) >= KNOWN:
                self._known.popitem(last=False)
        self._known[digest] = None
        self._known.move_to_end(digest)

    async def bad(self, origin: str, credential: str) -> None:
        """It was none, or not a good one. Raises StoreUnavailable where it cannot be recorded that he has to wait."""
        self._known.pop(self._digest(credential), None)
        if origin:
            await self._share(origin, 0.0)

    async def _share(self, origin: str, missing_s: float) -> None:
        told = await self._room.share(_named(origin), self._rule, missing_s)
        if told is not None:
            fact = AddressHeld(remote=origin, wait_s=ceil(told.seconds), strikes=told.strikes)
            stream = f"attempt/{self._tenant}/{clock.time_ordered_id()}"
            await self._store.append(
                events_of(stream, 0, [fact], Told(recorded_at=clock.now(), actor="zeus"))
            )

    def _digest(self, credential: str) -> bytes:
        return hashlib.blake2b(
            credential.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key
        ).digest()


def _named(origin: str) -> str:
    return f"{PREFIX}strangers/{origin}"
