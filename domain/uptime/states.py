"""The states of a charging port, and an interval in one of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

SECOND = timedelta(seconds=1)


class State(StrEnum):
    """What a port is in; at every second exactly one. The values are stored and never change."""

    UP = "up"
    """Connected and free: a driver may come."""
    CHARGING = "charging"
    """In use, and energy flows as far as the charger tells."""
    IDLE = "idle"
    """In use without charging: plugged in, suspended, finishing."""
    DOWN = "down"
    """The charger is connected and says that the port cannot be used, or an operator put it out of use."""
    UNKNOWN = "unknown"
    """Nobody knows: the charger is offline. OCPP cannot tell whether it charges meanwhile."""
    ABSENT = "absent"
    """Not in service: never heard of yet, or retired. These seconds count nowhere."""


IN_USE = frozenset({State.CHARGING, State.IDLE})
AGAINST = frozenset({State.DOWN, State.UNKNOWN})
"""What may count against uptime, and therefore what an exclusion may take."""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A port in one state from `begin` until before `end`, and the event that brought it there."""

    begin: datetime
    end: datetime
    state: State
    cause: str = ""
    """Why: `offline`, `faulted`, `unavailable`, `disabled`; in use: the charger's finer word."""
    detail: str = ""
    """The error code, as told."""
    position: int = 0
    event: str = ""
    """`stream@version` of the event behind the change."""
    proven_by: str = ""
    """The session whose data show that an offline port was used."""
    exclusion: str = ""
    """The id of the exclusion that takes it."""

    @property
    def seconds(self) -> int:
        """Its length; borders are whole seconds."""
        return (self.end - self.begin) // SECOND

    def part(self, begin: datetime, end: datetime) -> "Interval":
        """The same within `begin` and `end`."""
        return msgspec.structs.replace(self, begin=max(begin, self.begin), end=min(end, self.end))


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A span of time about which something else is known: a session's use, or an exclusion."""

    begin: datetime
    end: datetime
    name: str


def clipped(intervals: Iterable[Interval], begin: datetime, end: datetime) -> list[Interval]:
    """What of `intervals` (in order, without gaps) lies in the period; what is missing at its edges is absent."""
    found = [one.part(begin, end) for one in intervals if one.end > begin and one.begin < end]
    found = [one for one in found if one.end > one.begin]
    if not found:
        return [Interval(begin=begin, end=end, state=State.ABSENT)] if end > begin else []
    if found[0].begin > begin:
        found.insert(0, Interval(begin=begin, end=found[0].begin, state=State.ABSENT))
    if found[-1].end < end:
        found.append(Interval(begin=found[-1].end, end=end, state=State.ABSENT))
    return found


def proven(intervals: Iterable[Interval], uses: Iterable[Claim]) -> list[Interval]:
    """Offline intervals cut where session data prove use."""
    return _cut(intervals, uses, frozenset({State.UNKNOWN}), "proven_by")


def excluded(intervals: Iterable[Interval], exclusions: Iterable[Claim]) -> list[Interval]:
    """Intervals cut where an exclusion holds; only what may count against uptime is taken."""
    return _cut(intervals, exclusions, AGAINST, "exclusion")


def _cut(
    intervals: Iterable[Interval], claims: Iterable[Claim], states: frozenset[State], field: str
) -> list[Interval]:
    ordered = sorted(claims, key=lambda claim: (claim.begin, claim.end, claim.name))
    out: list[Interval] = []
    for one in intervals:
        out += _cut_one(one, ordered, field) if one.state in states and ordered else [one]
    return out


def _cut_one(one: Interval, claims: Iterable[Claim], field: str) -> list[Interval]:
    """The first claim that covers a second has it; claims may overlap."""
    out: list[Interval] = []
    at = one.begin
    for claim in claims:
        begin, end = max(at, claim.begin), min(one.end, claim.end)
        if begin >= end:
            continue
        if begin > at:
            out.append(one.part(at, begin))
        out.append(msgspec.structs.replace(one, begin=begin, end=end, **{field: claim.name}))
        at = end
    if at < one.end:
        out.append(one.part(at, one.end))
    return out
