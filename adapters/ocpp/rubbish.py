"""Broken and pointless frames of one connection: the first are kept, a flood of them is only counted."""

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
        if self._credit:
            self._credit -= 1
            summary = self.summary()
            return [fact, summary] if summary else [fact]
        self._frames += 1
        self._size_bytes += size_bytes
        if self._since is None:
            self._since = now
        if now - self._since < SUMMARY_EVERY:
            return []
        summary = self.summary()
        return [summary] if summary else []

    def summary(self) -> FramesSuppressed | None:
        """What was counted since the last summary, None where nothing was."""
        if not self._frames or self._since is None:
            return None
        fact = FramesSuppressed(frames=self._frames, size_bytes=self._size_bytes, since=self._since)
        self._frames = self._size_bytes = 0
        self._since = None
        return fact

    def _refill(self, now: datetime) -> None:
        if self._refilled is None:
            self._refilled = now
        earned = (now - self._refilled) // KEPT_EVERY
        if earned > 0:
            self._credit = min(KEPT_AT_ONCE, self._credit + earned)
            self._refilled += earned * KEPT_EVERY
