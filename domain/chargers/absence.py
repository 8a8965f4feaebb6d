"""When a charger counts as offline: not at the first lost socket, but once it stays away."""

from datetime import datetime, timedelta

from domain.event import Fact

FLOOR_S = 180
"""Whatever it was told: chargers that restart a modem are back within three minutes."""
BEATS = 3
"""So many heartbeats, or pings, may be missed."""


def patience_s(heartbeat_s: int, ping_s: float, floor_s: float = FLOOR_S) -> float:
    """Seconds of silence a charger is allowed: three of its heartbeats, three pings, and three minutes at least."""
    return max(BEATS * heartbeat_s, BEATS * ping_s, floor_s)


class WentOffline(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """It has been away for longer than a charger may be; said once, until it is back."""

    TOPIC = "charger.went_offline"
    since: datetime
    """Our clock, when its connection ended."""
    patience_s: int
    """How long it had been waited for."""
    reason: str = ""
    """Why the connection ended."""


def gone_too_long(since: datetime, now: datetime, heartbeat_s: int, ping_s: float) -> bool:
    """Has its time to return run out?"""
    return now - since >= timedelta(seconds=patience_s(heartbeat_s, ping_s))
