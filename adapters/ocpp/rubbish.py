"""Broken and pointless frames of one charger: the first are kept, a flood of them is only counted."""

from datetime import datetime, timedelta

from domain.chargers.events import FramesSuppressed
from domain.event import Fact

KEPT_AT_ONCE = 50
"""So many are recorded whole, with their text …"""
KEPT_EVERY = timedelta(seconds=10)
"""… and one more for each of these that passes."""
SUMMARY_EVERY = timedelta(seconds=60)
"""A flood writes one summary in this time: 1,440 small events a day, whatever its size."""


class Rubbish:
    """A token bucket over recorded frames; what it turns away is counted for the summary."""

    __slots__ = ("_credit", "_frames", "_refilled", "_since", "_size_bytes")

    def __init__(self) -> None:
        self._credit = KEPT_AT_ONCE
        self._refilled: datetime | None = None
        self._since: datetime | None = None
        self._frames = 0
        self._size_bytes = 0

    def take(self, fact: Fact, size_bytes: int, now: datetime) -> list[Fact]:
        """The facts to record: the frame's own, a summary that is due, or nothing."""
        self._refill(now)
        facts: list[Fact] = []
        if self._credit:
            self._credit -= 1
            facts.append(fact)
        else:
            self._count(1, size_bytes, now)
        if self._since is not None and now - self._since >= SUMMARY_EVERY and (summary := self.summary()):
            facts.append(summary)
        return facts

    def put_back(self, facts: list[Fact], size_bytes: int, now: datetime) -> None:
        """Count what `take` gave out and the store could not take: the next summary tells of it."""
        for fact in facts:
            if isinstance(fact, FramesSuppressed):
                self._count(fact.frames, fact.size_bytes, fact.since)
            else:
                self._count(1, size_bytes, now)

    def summary(self) -> FramesSuppressed | None:
        """What was counted since the last summary, None where nothing was."""
        if not self._frames or self._since is None:
            return None
        fact = FramesSuppressed(frames=self._frames, size_bytes=self._size_bytes, since=self._since)
        self._frames = self._size_bytes = 0
        self._since = None
        return fact

    def _count(self, frames: int, size_bytes: int, since: datetime) -> None:
        self._frames += frames
        self._size_bytes += size_bytes
        self._since = since if self._since is None else min(self._since, since)

    def _refill(self, now: datetime) -> None:
        if self._refilled is None:
            self._refilled = now
        earned = (now - self._refilled) // KEPT_EVERY
        if earned > 0:
            self._credit = min(KEPT_AT_ONCE, self._credit + earned)
            self._refilled += earned * KEPT_EVERY
