"""One listener's way through the log, without any I/O: what it has had, what waits for it, what must be read for it.

A stream is *behind* or *live*. Behind, it reads the log itself, from its own place, in bounded pieces. To become
live it takes its place at the hub first, so that from a known position on all news is set aside for it, and then reads
the log up to that position: nothing is missed at the seam and nothing comes twice. What is set aside is bounded, and no
more than a cache of the log: where it does not suffice it is thrown away, and the stream is behind again.
"""

from collections import deque
from collections.abc import Sequence

import msgspec

from adapters.live.places import END, Place
from adapters.live.prepared import Prepared
from adapters.live.selection import Selection
from domain.tenants.roles import Right


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What may wait for one listener."""

    messages: int = 4000
    size_bytes: int = 1_048_576


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the log as all listeners get it: what is told of the events after `after`, up to `upto`."""

    after: int
    upto: int
    tenants: frozenset[str]
    """Whose events were looked at; of the others there may be some."""
    frames: bool
    """Are frames among them?"""
    every: dict[str, list[Prepared]]
    """By tenant, for those who want every reading."""
    coalesced: dict[str, list[Prepared]]
    """The same for those who want them once a second."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the log as one stream reads it for itself: its messages up to `upto`, all of them."""

    upto: Place
    messages: Sequence[Prepared]


class Stream:
    """Of one listener."""

    def __init__(
        self,
        tenant: str,
        selection: Selection,
        rights: frozenset[Right],
        after: Place,
        bounds: Bounds | None = None,
    ) -> None:
        self.tenant = tenant
        self.selection = selection
        self.rights = rights
        self.place = after
        """Everything up to here was handed out, or is not wanted."""
        self.attached_at: int | None = None
        """From here on the hub sets news aside for us; None: it does not."""
        self._bounds = bounds or Bounds()
        self._waiting: deque[Prepared] = deque()
        self._waiting_bytes = 0
        self._seen = 0
        """With what waits we know the log up to here."""
        self.fell_back = 0
        """How often what was set aside did not suffice."""

    # -- at the hub ----------------------------------------------------------------------------------------

    def attach(self, position: int) -> None:
        """The hub stands at `position`, and hands us every batch from now on."""
        self.attached_at = self._seen = position

    def detach(self) -> None:
        """Let go of what was set aside; the log has it."""
        self.attached_at = None
        self._waiting.clear()
        self._waiting_bytes = 0

    def offer(self, batch: Batch) -> bool:
        """Set aside what is wanted of it; False where that was not possible: the hub is to forget us."""
        if self.attached_at is None:
            return False
        looked_at = self.tenant in batch.tenants and (batch.frames or not self.selection.frames)
        if batch.after != self._seen or not looked_at:
            return self._fall_back()
        source = batch.coalesced if self.selection.meter == "coalesced" else batch.every
        for message in source.get(self.tenant, ()):
            if message.place > self.place and self.selection.wants(message, self.rights):
                if len(self._waiting) >= self._bounds.messages:
                    return self._fall_back()
                self._waiting.append(message)
                self._waiting_bytes += message.size
        self._seen = batch.upto
        return self._waiting_bytes <= self._bounds.size_bytes or self._fall_back()

    def _fall_back(self) -> bool:
        self.detach()
        self.fell_back += 1
        return False

    # -- towards the listener ------------------------------------------------------------------------------

    @property
    def behind(self) -> bool:
        """Must the log be read for it?"""
        return self.attached_at is None or self.place < Place(self.attached_at)

    @property
    def waiting(self) -> int:
        """Messages that wait."""
        return len(self._waiting)

    @property
    def waiting_bytes(self) -> int:
        """And their bytes."""
        return self._waiting_bytes

    def read(self, stretch: Stretch) -> list[Prepared]:
        """Take in what was read of the log after `place`; what of it is wanted."""
        return [
            message
            for message in stretch.messages
            if message.place > self.place and self.selection.wants(message, self.rights)
        ]

    def passed(self, place: Place) -> None:
        """Everything up to there was handed out."""
        self.place = max(self.place, place)

    def take(self, most: int) -> list[Prepared]:
        """The next messages that wait, while it is not behind; they count as handed out."""
        if self.behind:
            return []
        taken: list[Prepared] = []
        while self._waiting and len(taken) < most:
            message = self._waiting.popleft()
            self._waiting_bytes -= message.size
            taken.append(message)
        if taken:
            self.place = max(self.place, taken[-1].place)
        if not self._waiting:
            self.place = max(self.place, Place(self._seen, END))
        return taken
