"""Who failed at the door too often and has to wait: counted at failures alone, and shared by all processes.

A charger with the right password costs one look into memory. A failure is counted here at once, and then in the
bucket that all processes share; whoever finds a bucket full shuts the door in memory and rings, so that the others
shut it too. Where the broker is away the count of this process remains: the door stays open to the honest.

A charger that returns to where it was last let in is judged by its own failures there and by nobody else's: neither
can a stranger lock it out by guessing at its id, nor a neighbour behind the same NAT by guessing at others.
"""

import ipaddress
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

import msgspec

from application import clock
from application.fleet import FleetUnavailable, Post, RateLimits
from domain.identity import ChargerId

log = logging.getLogger("zeus.gateway")

TOPIC = "lockout"
LONGEST_S = 900.0
"""Each time in a row the wait doubles, up to this."""
FORGOTTEN_S = 3600.0
"""Who stayed quiet for so long after a wait begins anew."""
MOST = 20_000
"""Names remembered at once, the newest; an attacker's variety must not fill the memory."""
IPV6_PREFIX = 64
"""One customer has so many bits of addresses to himself: they count as one."""


class Failure(StrEnum):
    """What went wrong at the door."""

    PASSWORD = "password"  # noqa: S105 - a kind of failure, no password
    UNKNOWN_ID = "unknown_id"
    OTHER = "other"


class Closed(StrEnum):
    """Why the door is shut; the reason codes of connection attempts."""

    AUTH_LOCKED = "auth_locked"
    RATE_LIMITED = "rate_limited"


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


class Visitor(msgspec.Struct, frozen=True):
    """Who knocks, and from where."""

    charger: ChargerId
    origin: str
    """`origin_of` the address."""
    home: bool
    """A charger that was let in from there when it came last."""


class _Rule(NamedTuple):
    per_s: float
    burst: int
    why: Closed


class _Shut(NamedTuple):
    until: float
    strikes: int
    why: Closed


class _Told(NamedTuple):
    """A ring."""

    name: str
    seconds: float
    strikes: int
    why: Closed


_LOOKING = _Rule(2.0, 200, Closed.RATE_LIMITED)
"""Whether somebody from a shut address is at home there is read from the log: so often, and no more."""


class Lockouts:
    """The counts of this process, over those of all."""

    def __init__(
        self,
        shared: RateLimits,
        post: Post,
        limits: LockoutLimits | None = None,
        now: Callable[[], float] = clock.monotonic,
    ) -> None:
        limits = limits or LockoutLimits()
        self._shared = shared
        self._post = post
        self._now = now
        self._wrong = _Rule(limits.wrong_per_charger / 600, limits.wrong_per_charger, Closed.AUTH_LOCKED)
        self._wrong_from = _Rule(limits.wrong_per_address / 600, limits.wrong_per_address, Closed.AUTH_LOCKED)
        self._unknown = _Rule(1 / 3600, 1, Closed.RATE_LIMITED)
        self._unknown_from = _Rule(
            limits.unknown_per_address / 3600, limits.unknown_per_address, Closed.RATE_LIMITED
        )
        self._refused_from = _Rule(
            limits.refused_per_min / 60, 2 * limits.refused_per_min, Closed.RATE_LIMITED
        )
        self._counts: OrderedDict[str, float] = OrderedDict()
        """Name → when all that was counted will have leaked out."""
        self._shut: OrderedDict[str, _Shut] = OrderedDict()
        post.on_ring(TOPIC, self._heard)

    def crowded(self, origin: str) -> Wait | None:
        """Before anything is read: has this address to wait, and is too much asked for it all the same?"""
        wait = self._longest(_names_of(origin))
        if wait is None or not self._count(f"look/{origin}", _LOOKING):
            return None
        return wait

    def closed(self, visitor: Visitor) -> Wait | None:
        """Before anything is hashed: has this visitor to wait?"""
        names = [_wrong(visitor)] if visitor.home else [_wrong(visitor), *_names_of(visitor.origin)]
        return self._longest(names)

    def shut_to(self, origin: str) -> Wait | None:
        """The same for one who shows no id."""
        return self._longest(_names_of(origin))

    async def failed(self, origin: str, failure: Failure, visitor: Visitor | None = None) -> None:
        """Somebody was refused. What he did counts in this process before anything is awaited."""
        due = [(name, rule, self._count(name, rule)) for name, rule in self._due(origin, failure, visitor)]
        for name, rule, wait_s in due:
            await self._share(name, rule, wait_s)
        if failure is Failure.UNKNOWN_ID and visitor is not None and origin:
            await self._new_id(f"door/unknown/{origin}/{visitor.charger.key}", origin)

    def let_in(self, visitor: Visitor) -> None:
        """He had the right password: what he tried before is forgiven."""
        if self._shut:
            self._shut.pop(_wrong(visitor), None)

    # -- counting --------------------------------------------------------------------------------------------

    def _due(self, origin: str, failure: Failure, visitor: Visitor | None) -> Iterator[tuple[str, _Rule]]:
        refused_from, wrong_from, _ = _names_of(origin)
        if origin:
            yield refused_from, self._refused_from
        if failure is Failure.PASSWORD and visitor is not None:
            yield _wrong(visitor), self._wrong
            if origin:
                yield wrong_from, self._wrong_from

    async def _new_id(self, name: str, origin: str) -> None:
        """A repeated id is one id: a box with a slip in it knocks for days and enumerates nothing."""
        if self._count(name, self._unknown) or await self._take(name, self._unknown):
            return
        unknown_from = _names_of(origin)[2]
        await self._share(unknown_from, self._unknown_from, self._count(unknown_from, self._unknown_from))

    async def _share(self, name: str, rule: _Rule, wait_s: float) -> None:
        wait_s = wait_s or await self._take(name, rule)
        if wait_s and self._left(name) <= 0:
            told = self._close(name, rule.why, max(wait_s, 1 / rule.per_s))
            await self._ring(told)

    async def _take(self, name: str, rule: _Rule) -> float:
        try:
            return await self._shared.take(name, per_s=rule.per_s, burst=rule.burst)
        except FleetUnavailable as error:
            log.warning("a failed attempt is counted by this process alone: %r", error)
            return 0.0

    def _count(self, name: str, rule: _Rule) -> float:
        """The generic cell rate algorithm: 0 where it was within the rule, else the seconds until it were."""
        now = self._now()
        empty_at = max(self._counts.get(name, 0.0), now) + 1 / rule.per_s
        missing_s = empty_at - now - rule.burst / rule.per_s
        if missing_s > 1e-6:  # a sum of floats is not exact
            return missing_s
        self._counts[name] = empty_at
        self._counts.move_to_end(name)
        if len(self._counts) > MOST:
            self._counts.popitem(last=False)
        return 0.0

    # -- waiting ---------------------------------------------------------------------------------------------

    def _close(self, name: str, why: Closed, wait_s: float) -> _Told:
        now, former = self._now(), self._shut.get(name)
        strikes = former.strikes + 1 if former is not None and now - former.until < FORGOTTEN_S else 0
        seconds = min(wait_s * 2 ** min(strikes, 10), LONGEST_S)
        self._keep(name, _Shut(now + seconds, strikes, why))
        log.warning("%s has to wait %.0f s: %s", name, seconds, why)
        return _Told(name, seconds, strikes, why)

    def _keep(self, name: str, shut: _Shut) -> None:
        self._shut[name] = shut
        self._shut.move_to_end(name)
        if len(self._shut) > MOST:
            self._shut.popitem(last=False)

    def _left(self, name: str) -> float:
        shut = self._shut.get(name)
        return 0.0 if shut is None else shut.until - self._now()

    def _longest(self, names: list[str]) -> Wait | None:
        if not self._shut:
            return None
        left_s, name = max((self._left(name), name) for name in names)
        return Wait(self._shut[name].why, left_s) if left_s > 0 else None

    async def _ring(self, told: _Told) -> None:
        try:
            await self._post.ring(TOPIC, msgspec.json.encode(told).decode())
        except FleetUnavailable as error:
            log.warning("other processes learn of %s by their own counts: %r", told.name, error)

    def _heard(self, payload: str) -> None:
        told = msgspec.json.decode(payload, type=_Told)
        if told.seconds > self._left(told.name):
            self._keep(told.name, _Shut(self._now() + told.seconds, told.strikes, told.why))


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
    return [f"door/{what}/{origin}" for what in ("refused-from", "wrong-from", "unknown-from")]


def _wrong(visitor: Visitor) -> str:
    where = "home" if visitor.home else "away"
    return f"door/wrong/{visitor.charger.tenant}/{visitor.charger.key}/{where}"
