"""How several gateway processes work as one: who owns a socket, parcels between them, keys and limits.

Every method that asks the broker (Postgres or Redis) may raise FleetUnavailable and never waits longer than
the time its adapter was opened with (5 s by default).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from domain.identity import ChargerId

ANSWER_LIMIT = 1024 * 1024
"""Bytes of an answer that is kept for repetition."""
RING_LIMIT = 4000
"""Bytes (UTF-8) of a ring's topic and payload together: a NOTIFY of Postgres carries less than 8000."""


class FleetUnavailable(Exception):
    """The broker between the workers does not answer: it is down, unreachable, or this side was closed.

    What was asked may have been done all the same; every method says what a repetition does.
    """


class AnswerTooLarge(ValueError):
    """An answer above ANSWER_LIMIT cannot be kept for repetition: abandon the key instead."""


class RingTooLong(ValueError):
    """A ring carries RING_LIMIT bytes at most: ring the id and let the hearer look."""


class Owner(NamedTuple):
    """The connection that holds a charger's socket."""

    gateway: str
    """The process, under a name no other process ever has (host, pid, start)."""
    connection: str
    generation: int
    protocol: str
    """The subprotocol spoken on it, such as `ocpp1.6`."""


class SocketRegistry(Protocol):
    """Which gateway holds which charger's socket. The newest claim counts; older ones are fenced."""

    async def claim(self, charger: ChargerId, gateway: str, connection: str, protocol: str) -> int:
        """The socket is ours; returns its generation, above any ever given out for this charger.

        The former owner, if any, is no longer told by `owner` and cannot release. Beat before the first
        claim, else the claim counts as one of the dead. Repeated: another generation.
        """
        ...

    async def release(self, charger: ChargerId, generation: int) -> bool:
        """The socket of this generation is gone; False, and nothing done, where it is not the owner's."""
        ...

    async def owner(self, charger: ChargerId) -> Owner | None:
        """Who holds the socket; None where nobody does or the gateway stopped beating."""
        ...

    async def beat(self, gateway: str, ttl_s: float) -> bool:
        """The gateway lives for `ttl_s` more; False where it did not count as living until now.

        False after the first beat means that it was thought dead (the broker was away or forgot): its
        claims may have been cleaned up by others, so it should claim its sockets anew.
        """
        ...

    async def living(self) -> frozenset[str]:
        """The gateways whose last beat has not expired. Time the broker itself was down does not count."""
        ...

    async def leave(self, gateway: str) -> None:
        """The gateway goes: its claims and its beat with it. Harmless when repeated."""
        ...

    async def owned_by_the_dead(self) -> list[tuple[ChargerId, Owner]]:
        """Claims of gateways that do not beat. Who cleans one up calls `release` and heeds its answer."""
        ...


class Parcel(NamedTuple):
    """Something one gateway hands to another; the sender's stream of events is the truth of it."""

    id: str
    """Unique; sending the same parcel again is harmless."""
    to: str
    """The gateway that is to take it."""
    kind: str
    subject: str
    body: bytes
    until: datetime
    """Not to be delivered after this. By the clock of whoever holds the parcel: the broker carries the time
    that is left, so the clocks of two machines need not agree."""
    reply_to: str
    """The gateway (or whatever the kind means by it) that waits for an answer; may be empty."""


Take = Callable[[Parcel], None]
"""Called on the event loop with each parcel; must not block. What it raises is logged, nothing more."""
Heard = Callable[[str], None]
"""Called on the event loop with each ring's payload; must not block."""


class Post(Protocol):
    """Parcels to one gateway, and a bell that all hear.

    A parcel is delivered at least once within its `until`, also where the receiver was cut off from the
    broker meanwhile, and in one receiver exactly once. It is lost where the receiver dies, and may be where
    the broker itself crashes: a sender who needs an answer has a deadline.
    """

    async def send(self, parcel: Parcel) -> None:
        """Hand it over; one whose time is up already goes nowhere."""
        ...

    async def open(self, gateway: str, take: Take) -> None:
        """Receive as `gateway` from now on, reconnecting as needed; returns when it is listening.

        One receiver for a gateway at a time. Raises FleetUnavailable where the broker is away, and then
        nothing is open.
        """
        ...

    async def ring(self, topic: str, payload: str) -> None:
        """Tell every open post, this one included, at once and at most once. Raises RingTooLong."""
        ...

    def on_ring(self, topic: str, heard: Heard) -> Callable[[], None]:
        """Hear the rings of a topic while the post is open; call what is returned to stop."""
        ...

    async def close(self) -> None:
        """Receive no more; may be opened again. Harmless when nothing is open."""
        ...


@dataclass(frozen=True, slots=True)
class Begun:
    """The key is ours: do the work, then complete or abandon."""

    attempt: str
    """Names this attempt, so that one whose lease ran out cannot free the key of its successor."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The work was done before; this was the answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class InProgress:
    """Another is doing the same work at this moment."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used for another request."""


class IdempotencyKeys(Protocol):
    """A request that is repeated under its key is done once and answered alike."""

    async def begin(
        self, scope: str, key: str, fingerprint: str, *, ttl_s: float, lease_s: float
    ) -> Begun | Replay | InProgress | Mismatch:
        """Of many who begin a key one gets Begun. The key is forgotten `ttl_s` after that.

        A key neither completed nor abandoned within `lease_s` is free again (its holder crashed), also for
        another fingerprint. Repeated after FleetUnavailable it may say InProgress until the lease ends.
        """
        ...

    async def complete(
        self,
        scope: str,
        key: str,
        fingerprint: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> bool:
        """Keep the answer of a request begun with that fingerprint; the first one stays, whichever attempt gave it.

        True where one was there before: another attempt answered after the lease of this one had run out, or
        before. Nothing is kept where the key is free or is another request's by now.
        Raises AnswerTooLarge above ANSWER_LIMIT.
        """
        ...

    async def abandon(self, scope: str, key: str, *, attempt: str | None = None) -> None:
        """Free a key that was not completed, so that a repetition does the work."""
        ...


class RateLimits(Protocol):
    """Leaky buckets shared by all processes: never more than `burst` + `per_s` × t in any t seconds."""

    async def take(self, name: str, *, per_s: float, burst: int, cost: int = 1) -> float:
        """0.0 where `cost` was granted, else the seconds after which it would be (nothing is taken then).

        A name is used with one `per_s` and `burst`. Raises ValueError for a cost that no wait could grant.
        """
        ...


class Waiting(NamedTuple):
    """Somebody who has to wait, or had to not long ago."""

    name: str
    left_s: float
    """By the broker's clock; negative where the wait is over and only remembered."""
    note: str
    """Whoever wrote it knows what it means."""


class Waits(Protocol):
    """Who has to wait, by name: outlives the process that found out."""

    async def put(self, name: str, note: str, *, wait_s: float, kept_s: float) -> None:
        """It has to wait so long, which is remembered `kept_s` more; replaces what was known of it."""
        ...

    async def all(self, prefix: str) -> list[Waiting]:
        """All that is remembered of names that begin so."""
        ...


class Room(NamedTuple):
    """A name under which at most so many leases may be held at once."""

    name: str
    most: int


class Leases(Protocol):
    """So many at once and no more, counted over all processes; what its holder does not renew is free again."""

    async def take(self, lease: str, rooms: Sequence[Room], *, ttl_s: float) -> str:
        """Hold `lease` in all of the rooms: returns "" then, else the name of one that is full, and holds none.

        Also renews: a lease that is held already takes no second place.
        """
        ...

    async def give_back(self, lease: str) -> None:
        """It is over. Harmless when repeated."""
        ...


@dataclass(frozen=True, slots=True)
class Fleet:
    """The ports of one process on one broker."""

    sockets: SocketRegistry
    post: Post
    keys: IdempotencyKeys
    limits: RateLimits
    waits: Waits
    leases: Leases
    let_go: Callable[[], Awaitable[None]]
    """Closes the connections they share."""

    async def close(self) -> None:
        """Receive no more and let go of every connection; later calls raise FleetUnavailable."""
        await self.post.close()
        await self.let_go()


def check_answer(body: bytes) -> None:
    """Raises AnswerTooLarge."""
    if len(body) > ANSWER_LIMIT:
        raise AnswerTooLarge(f"{len(body)} bytes, {ANSWER_LIMIT} can be kept")


def check_ring(topic: str, payload: str) -> None:
    """Raises RingTooLong."""
    if (length := len(topic.encode()) + len(payload.encode())) > RING_LIMIT:
        raise RingTooLong(f"{length} bytes about {topic[:50]!r}, {RING_LIMIT} can be rung")


def check_rate(per_s: float, burst: int, cost: int) -> None:
    """Raises ValueError for a limit that makes no sense, or a cost it could never grant."""
    if per_s <= 0 or not 0 < cost <= burst:
        raise ValueError(f"cost {cost} of a bucket of {burst} filled at {per_s}/s")
