"""The fleet's ports in memory, which pass the contracts of the real ones; several fleets share one broker."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from application.fleet import (
    Begun,
    Fleet,
    FleetUnavailable,
    Heard,
    InProgress,
    Mismatch,
    Owner,
    Parcel,
    Replay,
    Room,
    Take,
    Waiting,
    check_answer,
    check_rate,
    check_ring,
)
from application.receiving import Inbox, Rings
from domain.identity import ChargerId

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class _Key:
    fingerprint: str
    attempt: str
    lease_until: float
    kept_until: float
    answer: Replay | None = None


@dataclass
class InMemoryBroker:
    """What all processes share. Its time moves only by hand; `unavailable = True` makes every call raise."""

    seconds: float = 0.0
    unavailable: bool = False
    generations: dict[ChargerId, int] = field(default_factory=dict)
    owners: dict[ChargerId, Owner] = field(default_factory=dict)
    lives_until: dict[str, float] = field(default_factory=dict)
    parcels: dict[str, dict[str, Parcel]] = field(default_factory=lambda: defaultdict(dict))
    posts: list["InMemoryPost"] = field(default_factory=list)
    keys: dict[tuple[str, str], _Key] = field(default_factory=dict)
    empty_at: dict[str, float] = field(default_factory=dict)
    waits: dict[str, tuple[float, float, str]] = field(default_factory=dict)
    leases: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    attempts: "count[int]" = field(default_factory=lambda: count(1))

    def now(self) -> datetime:
        """The broker's time as a date."""
        return _EPOCH + timedelta(seconds=self.seconds)

    def open_fleet(self) -> Fleet:
        """The ports of one more process."""
        door = _Door(self)
        return Fleet(
            sockets=InMemorySocketRegistry(door),
            post=InMemoryPost(door),
            keys=InMemoryIdempotencyKeys(door),
            limits=InMemoryRateLimits(door),
            waits=InMemoryWaits(door),
            leases=InMemoryLeases(door),
            let_go=door.close,
        )


class _Door:
    """One process's way to the broker."""

    def __init__(self, broker: InMemoryBroker) -> None:
        self._broker = broker
        self._closed = False

    def enter(self) -> InMemoryBroker:
        """Raises FleetUnavailable."""
        if self._closed or self._broker.unavailable:
            raise FleetUnavailable("the broker in memory is away")
        return self._broker

    async def close(self) -> None:
        """For ever."""
        self._closed = True

    @property
    def broker(self) -> InMemoryBroker:
        """Also where it is away."""
        return self._broker


class InMemorySocketRegistry:
    """`application.fleet.SocketRegistry`."""

    def __init__(self, door: _Door) -> None:
        """Shared."""
        self._door = door

    async def claim(self, charger: ChargerId, gateway: str, connection: str, protocol: str) -> int:
        """Counts up."""
        broker = self._door.enter()
        generation = broker.generations[charger] = broker.generations.get(charger, 0) + 1
        broker.owners[charger] = Owner(gateway, connection, generation, protocol)
        return generation

    async def release(self, charger: ChargerId, generation: int) -> bool:
        """Only the owner's."""
        broker = self._door.enter()
        owner = broker.owners.get(charger)
        if owner is None or owner.generation != generation:
            return False
        del broker.owners[charger]
        return True

    async def owner(self, charger: ChargerId) -> Owner | None:
        """If it lives."""
        owner = self._door.enter().owners.get(charger)
        return owner if owner is not None and self._lives(owner.gateway) else None

    async def beat(self, gateway: str, ttl_s: float) -> bool:
        """Tells whether it lived."""
        broker, lived = self._door.enter(), self._lives(gateway)
        broker.lives_until[gateway] = broker.seconds + ttl_s
        return lived

    async def living(self) -> frozenset[str]:
        """Now."""
        return frozenset(filter(self._lives, self._door.enter().lives_until))

    async def leave(self, gateway: str) -> None:
        """With all its claims."""
        broker = self._door.enter()
        broker.lives_until.pop(gateway, None)
        broker.owners = {
            charger: owner for charger, owner in broker.owners.items() if owner.gateway != gateway
        }

    async def owned_by_the_dead(self) -> list[tuple[ChargerId, Owner]]:
        """In order."""
        owners = self._door.enter().owners
        return sorted((charger, owner) for charger, owner in owners.items() if not self._lives(owner.gateway))

    def _lives(self, gateway: str) -> bool:
        broker = self._door.broker
        return broker.lives_until.get(gateway, 0.0) > broker.seconds


class InMemoryPost:
    """`application.fleet.Post`; what is sent is delivered in the loop's next round."""

    def __init__(self, door: _Door) -> None:
        """Not open."""
        self._door = door
        self._rings = Rings()
        self._gateway: str | None = None
        self._inbox: Inbox | None = None
        self.cut = False
        """True while the connection is down: what is rung is lost, what is sent waits."""

    async def send(self, parcel: Parcel) -> None:
        """The broker keeps it until it is taken."""
        broker = self._door.enter()
        if parcel.until > broker.now():
            broker.parcels[parcel.to].setdefault(parcel.id, parcel)
            self._later(lambda: [post.look() for post in tuple(broker.posts)])

    async def open(self, gateway: str, take: Take) -> None:
        """And look at what waits."""
        await self.close()
        broker = self._door.enter()
        self._gateway, self._inbox = gateway, Inbox(take, broker.now)
        broker.posts.append(self)
        self._later(self.look)

    async def ring(self, topic: str, payload: str) -> None:
        """To all open posts."""
        check_ring(topic, payload)
        broker = self._door.enter()
        self._later(lambda: [post.hear(topic, payload) for post in tuple(broker.posts)])

    def on_ring(self, topic: str, heard: Heard) -> Callable[[], None]:
        """Returns what ends it."""
        return self._rings.on_ring(topic, heard)

    async def close(self) -> None:
        """Receives no more."""
        if self in self._door.broker.posts:
            self._door.broker.posts.remove(self)
        self._gateway = self._inbox = None

    def look(self) -> None:
        """Take what waits, unless cut off."""
        if self._gateway is None or self._inbox is None or self.cut:
            return
        waiting = self._door.broker.parcels.pop(self._gateway, {})
        for parcel in waiting.values():
            self._inbox.deliver(parcel)

    def hear(self, topic: str, payload: str) -> None:
        """Unless cut off."""
        if not self.cut:
            self._rings.deliver(topic, payload)

    @staticmethod
    def _later(work: Callable[[], object]) -> None:
        asyncio.get_running_loop().call_soon(work)


class InMemoryIdempotencyKeys:
    """`application.fleet.IdempotencyKeys`."""

    def __init__(self, door: _Door) -> None:
        """Shared."""
        self._door = door

    async def begin(
        self, scope: str, key: str, fingerprint: str, *, ttl_s: float, lease_s: float
    ) -> Begun | Replay | InProgress | Mismatch:
        """Atomic, as nothing is awaited."""
        broker = self._door.enter()
        now, held = broker.seconds, broker.keys.get((scope, key))
        if held is None or held.kept_until <= now or (held.answer is None and held.lease_until <= now):
            attempt = str(next(broker.attempts))
            broker.keys[scope, key] = _Key(fingerprint, attempt, now + lease_s, now + ttl_s)
            return Begun(attempt)
        if held.fingerprint != fingerprint:
            return Mismatch()
        return held.answer or InProgress()

    async def complete(
        self,
        scope: str,
        key: str,
        fingerprint: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> bool:
        """The first answer stays."""
        check_answer(body)
        broker = self._door.enter()
        held = broker.keys.get((scope, key))
        if held is None or held.fingerprint != fingerprint or held.kept_until <= broker.seconds:
            return False
        if held.answer is not None:
            return True
        held.answer = Replay(status, dict(headers), body)
        return False

    async def abandon(self, scope: str, key: str, *, attempt: str | None = None) -> None:
        """An answer stays."""
        if self._held(scope, key, attempt) is not None:
            del self._door.broker.keys[scope, key]

    def _held(self, scope: str, key: str, attempt: str | None) -> _Key | None:
        held = self._door.enter().keys.get((scope, key))
        if held is None or held.answer is not None or attempt not in (None, held.attempt):
            return None
        return held


class InMemoryRateLimits:
    """`application.fleet.RateLimits`."""

    def __init__(self, door: _Door) -> None:
        """Shared."""
        self._door = door

    async def take(self, name: str, *, per_s: float, burst: int, cost: int = 1) -> float:
        """The generic cell rate algorithm."""
        check_rate(per_s, burst, cost)
        broker = self._door.enter()
        empty_at = max(broker.empty_at.get(name, 0.0), broker.seconds) + cost / per_s
        missing_s = empty_at - broker.seconds - burst / per_s
        if missing_s > 1e-9:  # a sum of floats is not exact
            return missing_s
        broker.empty_at[name] = empty_at
        return 0.0


class InMemoryWaits:
    """`application.fleet.Waits`."""

    def __init__(self, door: _Door) -> None:
        """Shared."""
        self._door = door

    async def put(self, name: str, note: str, *, wait_s: float, kept_s: float) -> None:
        """The last one counts."""
        broker = self._door.enter()
        broker.waits[name] = (broker.seconds + wait_s, broker.seconds + wait_s + kept_s, note)

    async def all(self, prefix: str) -> list[Waiting]:
        """What is still kept."""
        broker = self._door.enter()
        return [
            Waiting(name, until - broker.seconds, note)
            for name, (until, kept_until, note) in broker.waits.items()
            if name.startswith(prefix) and kept_until > broker.seconds
        ]


class InMemoryLeases:
    """`application.fleet.Leases`."""

    def __init__(self, door: _Door) -> None:
        """Shared."""
        self._door = door

    async def take(self, lease: str, rooms: Sequence[Room], *, ttl_s: float) -> str:
        """Atomic, as nothing is awaited."""
        broker = self._door.enter()
        for room in rooms:
            others = [
                until
                for name, until in broker.leases[room.name].items()
                if name != lease and until > broker.seconds
            ]
            if len(others) >= room.most:
                return room.name
        for room in rooms:
            broker.leases[room.name][lease] = broker.seconds + ttl_s
        return ""

    async def give_back(self, lease: str) -> None:
        """From all rooms."""
        for held in self._door.enter().leases.values():
            held.pop(lease, None)
