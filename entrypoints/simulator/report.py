"""What a fleet did: counters, latencies, and what was acknowledged."""

from collections import Counter
from math import exp, log

import msgspec

from entrypoints.simulator.sessions import Session

_GROWTH = log(1.1)
_SMALLEST_S = 1e-5


class Latencies:
    """A histogram with buckets growing by 10 %, from 10 µs up."""

    __slots__ = ("_buckets", "count", "longest_s", "total_s")

    def __init__(self) -> None:
        self._buckets = [0] * 200
        self.count = 0
        self.total_s = 0.0
        self.longest_s = 0.0

    def add(self, latency_s: float) -> None:
        """Count one answer."""
        bucket = int(log(latency_s / _SMALLEST_S) / _GROWTH) if latency_s > _SMALLEST_S else 0
        self._buckets[min(bucket, 199)] += 1
        self.count += 1
        self.total_s += latency_s
        self.longest_s = max(self.longest_s, latency_s)

    def quantile_s(self, share: float) -> float:
        """The latency that `share` (0–1) of the answers stayed below, within 10 %; 0 without answers."""
        wanted = share * self.count
        seen = 0
        for bucket, number in enumerate(self._buckets):
            seen += number
            if number and seen >= wanted:
                return min(_SMALLEST_S * exp((bucket + 1) * _GROWTH), self.longest_s)
        return 0.0


class FleetReport:
    """Counters of a run; one object for the whole fleet, complete when the run has ended."""

    def __init__(self) -> None:
        self.chargers = 0
        self.connected = 0
        """Sockets open now."""
        self.connections = 0
        """Handshakes that succeeded."""
        self.refused: Counter[str] = Counter()
        """Handshakes and connections that failed, by reason."""
        self.lost = 0
        """Connections that ended without our doing."""
        self.sent = 0
        """CALLs sent, retries and duplicates included, and answers to the server's calls."""
        self.answered = 0
        self.errors: Counter[str] = Counter()
        """CALLERRORs received, by error code."""
        self.timeouts = 0
        self.given_up = 0
        """Transaction messages dropped after all attempts."""
        self.unexpected = 0
        """Frames received that answered nothing."""
        self.by_action: Counter[str] = Counter()
        """Answered CALLs by action."""
        self.latencies = Latencies()
        self.elapsed_s = 0.0
        """Real seconds from start to end."""

    @property
    def answered_per_s(self) -> float:
        """Acknowledged messages a real second."""
        return self.answered / self.elapsed_s if self.elapsed_s else 0.0

    def summary(self) -> dict[str, object]:
        """The figures as plain data, latencies in milliseconds."""
        quantile = self.latencies.quantile_s
        return {
            "chargers": self.chargers,
            "connected": self.connected,
            "connections": self.connections,
            "lost": self.lost,
            "refused": dict(self.refused),
            "sent": self.sent,
            "answered": self.answered,
            "answered_per_s": round(self.answered_per_s, 1),
            "errors": dict(self.errors),
            "timeouts": self.timeouts,
            "given_up": self.given_up,
            "p50_ms": round(quantile(0.5) * 1000, 2),
            "p99_ms": round(quantile(0.99) * 1000, 2),
            "max_ms": round(self.latencies.longest_s * 1000, 2),
            "by_action": dict(self.by_action),
        }


class Acknowledged(msgspec.Struct, frozen=True, gc=False):
    """A message the server said it has: what must be found again after any crash."""

    charger: str
    message_id: str
    action: str
    frame: str
    """The text as sent."""
    answer: str
    """The text as received."""


class SessionRecord:
    """One replayed session and all of it that was acknowledged, in order."""

    __slots__ = ("acknowledged", "calls", "session", "transaction_key", "transaction_number")

    def __init__(self, session: Session, transaction_key: str) -> None:
        self.session = session
        self.transaction_key = transaction_key
        """The 2.x transaction id."""
        self.transaction_number: int | None = None
        """The 1.6 transaction id the server chose."""
        self.calls = 0
        """Transaction messages the session consists of, acknowledged or not, as far as they were made."""
        self.acknowledged: list[Acknowledged] = []

    @property
    def complete(self) -> bool:
        """Every transaction message made was acknowledged."""
        kept = sum(entry.action not in ("StatusNotification", "Authorize") for entry in self.acknowledged)
        return self.calls > 0 and kept >= self.calls


class ReplayReport:
    """The result of replaying sessions: the fleet's figures and the record of each session."""

    def __init__(self) -> None:
        self.fleet = FleetReport()
        self.sessions: list[SessionRecord] = []
        self.others: list[Acknowledged] = []
        """Acknowledged messages that belong to no session (boot, heartbeat, first status)."""

    def acknowledged(self) -> list[Acknowledged]:
        """All of them."""
        return [*self.others, *(entry for record in self.sessions for entry in record.acknowledged)]
