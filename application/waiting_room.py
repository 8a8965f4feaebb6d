"""Counting what somebody does too often, and making him wait: in this process at once, and in all that share it.

What happens is counted here before anything is awaited, and then in the bucket that all processes share; whoever finds
a bucket full makes that name wait, in memory and in the broker, and rings, so that the others do so too. A process that
starts asks the broker who has to wait. Where the broker is away each process goes by its own count.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from application import clock
from application.fleet import FleetUnavailable, Post, RateLimits, Waits

log = logging.getLogger("zeus.gateway")

LONGEST_S = 900.0
"""Each time in a row the wait doubles, up to this."""
FORGOTTEN_S = 3600.0
"""Who stayed quiet for so long after a wait begins anew."""
MOST = 20_000
"""Names remembered at once, the newest; an attacker's variety must not fill the memory."""


class Rule(NamedTuple):
    """So much is let pass."""

    per_s: float
    burst: int
    why: str
    """Why one has to wait who does more."""


class Shut(NamedTuple):
    """A name that has to wait, or had to."""

    until: float
    strikes: int
    """How many times in a row before this one."""
    why: str


class Told(NamedTuple):
    """What is rung when a name begins to wait."""

    name: str
    seconds: float
    strikes: int
    why: str


class _Note(NamedTuple):
    strikes: int
    why: str


class WaitingRoom:
    """The counts of this process, over those of all, for names that begin alike."""

    def __init__(
        self,
        prefix: str,
        shared: RateLimits,
        post: Post,
        kept: Waits | None = None,
        now: Callable[[], float] = clock.monotonic,
    ) -> None:
        """Every name begins with `prefix`; without `kept` a process that starts knows of nobody."""
        self._prefix = prefix
        self._shared = shared
        self._post = post
        self._kept = kept
        self._now = now
        self._counts: OrderedDict[str, float] = OrderedDict()
        """Name → when all that was counted will have leaked out."""
        self._shut: OrderedDict[str, Shut] = OrderedDict()
        post.on_ring(self._topic, self._heard)

    @property
    def _topic(self) -> str:
        return f"wait/{self._prefix}"

    async def recall(self) -> None:
        """Take in who has to wait, as other processes found out, or this one before it was started again."""
        if self._kept is None:
            return
        try:
            found = await self._kept.all(self._prefix)
        except FleetUnavailable as error:
            log.warning("who has to wait is not known before he fails again: %r", error)
            return
        for waiting in found[:MOST]:
            note = msgspec.json.decode(waiting.note, type=_Note)
            if waiting.name not in self._shut or waiting.left_s > self.left(waiting.name):
                self._keep(waiting.name, Shut(self._now() + waiting.left_s, note.strikes, note.why))

    # -- counting --------------------------------------------------------------------------------------------

    def count(self, name: str, rule: Rule) -> float:
        """In this process: 0 where it was within the rule, else the seconds until it were (nothing is taken then)."""
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

    def uncount(self, name: str, rule: Rule) -> None:
        """What was counted was nothing to count."""
        if name in self._counts:
            self._counts[name] -= 1 / rule.per_s

    async def take(self, name: str, rule: Rule) -> float:
        """In all processes: 0 where it was within the rule, or where nobody can tell."""
        try:
            return await self._shared.take(name, per_s=rule.per_s, burst=rule.burst)
        except FleetUnavailable as error:
            log.warning("%s is counted by this process alone: %r", name, error)
            return 0.0

    async def share(self, name: str, rule: Rule, missing_s: float) -> Told | None:
        """Count in all processes what `count` said `missing_s` to; where it is too much the name has to wait.

        Returns what was told to the others where it was this process that found out.
        """
        wait_s = missing_s or await self.take(name, rule)
        if not wait_s or self.left(name) > 0:
            return None
        told = self._close(name, rule.why, max(wait_s, 1 / rule.per_s))
        await self._spread(told)
        return told

    # -- waiting ---------------------------------------------------------------------------------------------

    def left(self, name: str) -> float:
        """How many seconds it still has to wait; not above 0: none."""
        shut = self._shut.get(name)
        return 0.0 if shut is None else shut.until - self._now()

    def longest(self, names: Iterable[str]) -> tuple[str, float] | None:
        """Why, and how long, one of these names has to wait longest; None where none has to."""
        if not self._shut:
            return None
        left_s, name = max((self.left(name), name) for name in names)
        return (self._shut[name].why, left_s) if left_s > 0 else None

    def forgive(self, name: str) -> None:
        """It has to wait no more, in this process."""
        if self._shut:
            self._shut.pop(name, None)

    def _close(self, name: str, why: str, wait_s: float) -> Told:
        now, former = self._now(), self._shut.get(name)
        strikes = former.strikes + 1 if former is not None and now - former.until < FORGOTTEN_S else 0
        seconds = min(wait_s * 2 ** min(strikes, 10), LONGEST_S)
        self._keep(name, Shut(now + seconds, strikes, why))
        log.warning("%s has to wait %.0f s: %s", name, seconds, why)
        return Told(name, seconds, strikes, why)

    def _keep(self, name: str, shut: Shut) -> None:
        self._shut[name] = shut
        self._shut.move_to_end(name)
        if len(self._shut) > MOST:
            self._shut.popitem(last=False)

    async def _spread(self, told: Told) -> None:
        try:
            await self._post.ring(self._topic, msgspec.json.encode(told).decode())
            if self._kept is not None:
                note = msgspec.json.encode(_Note(told.strikes, told.why)).decode()
                await self._kept.put(told.name, note, wait_s=told.seconds, kept_s=FORGOTTEN_S)
        except FleetUnavailable as error:
            log.warning("other processes learn of %s by their own counts: %r", told.name, error)

    def _heard(self, payload: str) -> None:
        told = msgspec.json.decode(payload, type=Told)
        if told.seconds > self.left(told.name):
            self._keep(told.name, Shut(self._now() + told.seconds, told.strikes, told.why))
