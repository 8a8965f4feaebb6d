"""Who failed at the door too often and has to wait: counted at failures alone, and shared by all processes.

A charger with the right password costs one look into memory. Failures are counted as `application/waiting_room.py`
says; where the broker is away the count of this process remains: the door stays open to the honest.

A charger that returns to where it was last let in is judged by its own failures there and by nobody else's: neither
can a stranger lock it out by guessing at its id, nor a neighbour behind the same NAT by guessing at others.
"""

import ipaddress
from collections.abc import Callable, Coroutine, Iterable, Iterator
from enum import StrEnum
from typing import Any

import msgspec

from application import clock
from application.fleet import Post, RateLimits, Waits
from application.waiting_room import LONGEST_S as LONGEST_S
from application.waiting_room import Rule, WaitingRoom
from domain.identity import ChargerId

PREFIX = "door/"
IPV6_PREFIX = 64
"""One customer has so many bits of addresses to himself: they count as one."""


class Failure(StrEnum):
    """What went wrong at the door."""

    PASSWORD = "password"  # noqa: S105 - a kind of failure, no password
    UNKNOWN_ID = "unknown_id"
    UNKNOWN_PASSWORD = "unknown_password"  # noqa: S105 - a kind of failure, no password
    """An unknown id that is to look like a known one: its passwords are counted too."""
    OTHER = "other"


_WRONG = frozenset({Failure.PASSWORD, Failure.UNKNOWN_PASSWORD})
_UNKNOWN = frozenset({Failure.UNKNOWN_ID, Failure.UNKNOWN_PASSWORD})


class Closed(StrEnum):
    """Why the door is shut; the reason codes of connection attempts."""

    AUTH_LOCKED = "auth_locked"
    RATE_LIMITED = "rate_limited"
    ARRIVALS_TOO_OFTEN = "arrivals_too_often"


class Wait(msgspec.Struct, frozen=True):
    """Not now."""

    why: Closed
    seconds: float


class LockoutLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many failures are let pass before somebody has to wait."""

    wrong_per_charger: int = 10
    """Wrong passwords for one charger in 10 minutes."""
    wrong_per_address: int = 100
    """Wrong passwords from one address in 10 minutes."""
    unknown_per_address: int = 20
    """Different ids from one address in an hour that nobody registered."""
    refused_per_min: int = 60
    """Refused handshakes from one address; at once twice as many."""
    arrivals_per_min: int = 30
    """Completed handshakes of one charger; at once twice as many."""


class Visitor(msgspec.Struct, frozen=True):
    """Who knocks, and from where."""

    charger: ChargerId
    origin: str
    """`origin_of` the address."""
    home: bool
    """A charger that was let in from there when it came last."""


_LOOKING = Rule(2.0, 200, Closed.RATE_LIMITED)
"""Whether somebody from a shut address is at home there is read from the log: so often, and no more."""


class Lockouts:
    """The counts of this process, over those of all."""

    def __init__(
        self,
        shared: RateLimits,
        post: Post,
        limits: LockoutLimits | None = None,
        now: Callable[[], float] = clock.monotonic,
        kept: Waits | None = None,
    ) -> None:
        """Without `kept` a process that starts takes one failure before it knows that somebody has to wait."""
        limits = limits or LockoutLimits()
        self._room = WaitingRoom(PREFIX, shared, post, kept, now)
        self._wrong = Rule(limits.wrong_per_charger / 600, limits.wrong_per_charger, Closed.AUTH_LOCKED)
        self._wrong_from = Rule(limits.wrong_per_address / 600, limits.wrong_per_address, Closed.AUTH_LOCKED)
        self._unknown = Rule(1 / 3600, 1, Closed.RATE_LIMITED)
        self._unknown_from = Rule(
            limits.unknown_per_address / 3600, limits.unknown_per_address, Closed.RATE_LIMITED
        )
        self._refused_from = Rule(
            limits.refused_per_min / 60, 2 * limits.refused_per_min, Closed.RATE_LIMITED
        )
        self._arrivals = Rule(
            limits.arrivals_per_min / 60, 2 * limits.arrivals_per_min, Closed.ARRIVALS_TOO_OFTEN
        )

    async def recall(self) -> None:
        """Know at once who has to wait: call it when the process starts."""
        await self._room.recall()

    def crowded(self, origin: str) -> Wait | None:
        """Before anything is read: has this address to wait, and is too much asked for it all the same?"""
        wait = self._longest(_names_of(origin))
        if wait is None or not self._room.count(f"{PREFIX}look/{origin}", _LOOKING):
            return None
        return wait

    def closed(self, visitor: Visitor) -> Wait | None:
        """Before anything is hashed: has this visitor to wait?"""
        names = [_wrong(visitor)] if visitor.home else [_wrong(visitor), *_names_of(visitor.origin)]
        return self._longest(names)

    def shut_to(self, origin: str) -> Wait | None:
        """The same for one who shows no id."""
        return self._longest(_names_of(origin))

    def failed(
        self, origin: str, failure: Failure, visitor: Visitor | None = None
    ) -> Coroutine[Any, Any, None]:
        """Somebody is refused. It counts in this process at once; await what is returned, and it counts in all."""
        due = [
            (name, rule, self._room.count(name, rule)) for name, rule in self._due(origin, failure, visitor)
        ]
        return self._spread(due, origin, visitor if failure in _UNKNOWN else None)

    def let_in(self, visitor: Visitor) -> Wait | None:
        """He had the right password: what he tried before is forgiven. Does he come and go too often all the same?

        Counted for each charger in each process, for nobody but its owner can be let in as it: whoever else is
        behind the same address is not touched.
        """
        self._room.forgive(_wrong(visitor))
        name = f"{PREFIX}arrivals/{visitor.charger.tenant}/{visitor.charger.key}"
        missing_s = self._room.count(name, self._arrivals)
        return Wait(Closed.ARRIVALS_TOO_OFTEN, missing_s) if missing_s else None

    async def _spread(self, due: list[tuple[str, Rule, float]], origin: str, unknown: Visitor | None) -> None:
        for name, rule, missing_s in due:
            await self._room.share(name, rule, missing_s)
        if unknown is not None and origin:
            await self._new_id(f"{PREFIX}unknown/{origin}/{unknown.charger.key}", origin)

    def _due(self, origin: str, failure: Failure, visitor: Visitor | None) -> Iterator[tuple[str, Rule]]:
        refused_from, wrong_from, _ = _names_of(origin)
        if origin:
            yield refused_from, self._refused_from
        if failure in _WRONG and visitor is not None:
            yield _wrong(visitor), self._wrong
            if origin:
                yield wrong_from, self._wrong_from

    async def _new_id(self, name: str, origin: str) -> None:
        """A repeated id is one id: a box with a slip in it knocks for days and enumerates nothing."""
        if self._room.count(name, self._unknown) or await self._room.take(name, self._unknown):
            return
        unknown_from = _names_of(origin)[2]
        missing_s = self._room.count(unknown_from, self._unknown_from)
        await self._room.share(unknown_from, self._unknown_from, missing_s)

    def _longest(self, names: Iterable[str]) -> Wait | None:
        found = self._room.longest(names)
        return None if found is None else Wait(Closed(found[0]), found[1])


def origin_of(address: str) -> str:
    """What counts as one address: an IPv6 network of /64, anything else as it is."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if ip.version == 4:
        return str(ip)
    mapped = ip.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((ip, IPV6_PREFIX), strict=False))


def _names_of(origin: str) -> list[str]:
    return [f"{PREFIX}{what}/{origin}" for what in ("refused-from", "wrong-from", "unknown-from")]


def _wrong(visitor: Visitor) -> str:
    where = "home" if visitor.home else "away"
    return f"{PREFIX}wrong/{visitor.charger.tenant}/{visitor.charger.key}/{where}"
