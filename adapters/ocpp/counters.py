"""What passes through the sockets, counted: plain numbers, added to on the loop and read at a scrape."""

from collections import defaultdict
from collections.abc import Iterable

from application.tally import Histogram

OTHER = "other"
"""The label of an action we do not know: chargers may invent names without end."""


class Counters:
    """Counts of one gateway. Every key is one of ours, never a word that a charger made up."""

    __slots__ = ("closed", "errors_sent", "frames", "handshakes", "inbound", "invalid", "repaired")

    def __init__(self) -> None:
        self.frames: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        """By direction (`in`, `out`), type (`call`, `result`, `error`, `send`, `unreadable`), action."""
        self.invalid: defaultdict[str, int] = defaultdict(int)
        """Frames not taken, by kind: `schema`, `action`, `orphan_result`, or a key of `frames.REASONS`."""
        self.repaired: defaultdict[str, int] = defaultdict(int)
        """Frames taken after a repair, by its rule."""
        self.errors_sent: defaultdict[str, int] = defaultdict(int)
        """CALLERRORs we sent, by OCPP error code."""
        self.handshakes: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        """By result (`accepted`, `refused`, `unavailable`), reason and security profile."""
        self.closed: defaultdict[int, int] = defaultdict(int)
        """Ended connections by close code; codes beyond the registered ranges count as 0."""
        self.inbound: defaultdict[str, Histogram] = defaultdict(Histogram)
        """Seconds from a call read to its answer written, by action."""

    def answered(self, action: str, seconds: float) -> None:
        """A call was read, and its answer written `seconds` later."""
        self.frames["in", "call", action] += 1
        self.inbound[action].observe(seconds)

    def repairs(self, rules: Iterable[str]) -> None:
        """A frame was taken after these repairs."""
        for rule in rules:
            self.repaired[rule] += 1

    def handshake(self, result: str, reason: str = "", profile: str = "") -> None:
        """Somebody knocked."""
        self.handshakes[result, reason, profile] += 1

    def close(self, code: int) -> None:
        """A connection ended."""
        self.closed[code if 1000 <= code < 1016 else 0] += 1
