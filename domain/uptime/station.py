"""A charger as uptime sees it: a state machine fed with signals in the order of the log.

What happened when is decided by our own clock: a charger's clock may be wrong by hours, and an outage is what
we could see. Time never goes back: a signal that was recorded earlier than the one before it counts as of that
one. So every change stands at the end of what is known, and nothing later ever changes it; what is learnt
afterwards (use while offline, exclusions) is laid over it by position.

A status report that is evidently from a backlog (told now, dated minutes or days ago) loses against what was
reported since; a restart forgets that comparison.

The charger's own clock counts in one place: a session with both ends known, corrected by the last measured
skew, proves that the port was used while the charger was offline.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from domain.uptime.states import SECOND, State

BACKLOG_AFTER = timedelta(minutes=5)
BACKLOG_LIMIT = timedelta(days=7)
REMEMBERED = 16
"""Sessions of a charger whose other end may still come; the oldest ones are forgotten."""
LONGEST_USE = timedelta(days=30)
"""Nobody charges longer: such times are a clock that was never set."""
EARLIEST_USE = timedelta(days=400)
AHEAD = timedelta(minutes=5)
MOST_PORTS = 256
MOST_CONNECTORS = 32
"""What a charger claims beyond is no part of it, and does not make its state grow without bound."""
_DOWN = {"Faulted": "faulted", "Unavailable": "unavailable"}
_FREE = frozenset({"Available", "Reserved"})
RETIRED, DISABLED = "retired", "disabled"


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may change the state of a charger's ports."""

    kind: str
    """A name of `_TAKE`."""
    at: datetime
    """Our clock."""
    position: int
    event: str
    evse_id: int = 0
    connector_id: int = 0
    word: str = ""
    """The status, the connection, the standing or the charging state, as told."""
    detail: str = ""
    """The error code of a status."""
    activity: str = ""
    told_at: datetime | None = None
    """The charger's clock."""
    subject: str = ""
    """The transaction's stream."""
    number: int = 0
    """Seconds of clock skew."""


class Seconds(msgspec.Struct, array_like=True):
    """How long a port has been in each state so far: the sum of a period is the difference of two of these."""

    up: int = 0
    charging: int = 0
    idle: int = 0
    down: int = 0
    unknown: int = 0
    absent: int = 0


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A port entered a state."""

    evse_id: int
    since: datetime
    state: State
    cause: str
    detail: str
    position: int
    event: str
    before: Seconds
    """The seconds in each state until then."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A session's data say that a port was in use in this span."""

    evse_id: int
    session: str
    begin: datetime
    end: datetime
    position: int


class Spot(msgspec.Struct, array_like=True):
    """What a connector last told."""

    status: str
    error: str = ""
    activity: str = ""
    ordered_at: datetime | None = None


class Port(msgspec.Struct):
    """One EVSE."""

    since: datetime
    connectors: dict[int, Spot] = msgspec.field(default_factory=dict)
    activity: str = ""
    """The charging state of the transaction that runs here (2.x)."""
    state: State = State.ABSENT
    cause: str = ""
    detail: str = ""
    so_far: Seconds = msgspec.field(default_factory=Seconds)


class Stay(msgspec.Struct, array_like=True):
    """What is known of a session."""

    evse_id: int
    began: datetime | None = None
    ended: datetime | None = None


class Station(msgspec.Struct):
    """State of one charger; the only way to change it is `take`."""

    online: bool = False
    connection: str = ""
    standing: str = ""
    skew_s: int = 0
    at: datetime | None = None
    whole: Spot | None = None
    """What it told of itself (EVSE 0)."""
    ports: dict[int, Port] = msgspec.field(default_factory=dict)
    stays: dict[str, Stay] = msgspec.field(default_factory=dict)

    def take(self, signal: Signal) -> list[Change | Use]:
        """What follows from a signal; never refuses."""
        at = signal.at.replace(microsecond=0)
        self.at = at = at if self.at is None else max(at, self.at)
        used = _TAKE[signal.kind](self, signal)
        return [*self._changes(at, signal), *used]

    def _changes(self, at: datetime, signal: Signal) -> list[Change | Use]:
        out: list[Change | Use] = []
        for evse_id, port in self.ports.items():
            state, cause, detail = self._judge(port)
            if (state, cause, detail) == (port.state, port.cause, port.detail):
                continue
            name = str(port.state)
            setattr(port.so_far, name, getattr(port.so_far, name) + (at - port.since) // SECOND)
            port.since, port.state, port.cause, port.detail = at, state, cause, detail
            out.append(
                Change(
                    evse_id=evse_id,
                    since=at,
                    state=state,
                    cause=cause,
                    detail=detail,
                    position=signal.position,
                    event=signal.event,
                    before=msgspec.structs.replace(port.so_far),
                )
            )
        return out

    def _judge(self, port: Port) -> tuple[State, str, str]:
        if self.standing == RETIRED:
            return State.ABSENT, RETIRED, ""
        if self.standing == DISABLED:
            return State.DOWN, DISABLED, ""
        if not self.online:
            return State.UNKNOWN, "offline", ""
        if self.whole is not None and self.whole.status in _DOWN:
            return State.DOWN, _DOWN[self.whole.status], self.whole.error
        return _of_connectors(port)


def _of_connectors(port: Port) -> tuple[State, str, str]:
    """A port is one car's (23 CFR 680.104): in use if any plug is, free if any is free."""
    spots = [port.connectors[number] for number in sorted(port.connectors)]
    for spot in spots:
        if spot.status == "Occupied":
            activity = spot.activity or port.activity
            return (State.CHARGING if activity == "Charging" else State.IDLE), activity, ""
    if any(spot.status in _FREE for spot in spots):
        return State.UP, "", ""
    spots.sort(key=lambda spot: spot.status != "Faulted")
    for spot in spots:
        if spot.status in _DOWN:
            return State.DOWN, _DOWN[spot.status], spot.error
    return State.UNKNOWN, "status", spots[0].status if spots else ""


def _connected(station: Station, signal: Signal) -> list[Use]:
    station.online, station.connection = True, signal.word
    return []


def _disconnected(station: Station, signal: Signal) -> list[Use]:
    """The end of a connection that another one has replaced changes nothing."""
    if not station.connection or signal.word == station.connection:
        station.online, station.connection = False, ""
    return []


def _restarted(station: Station, signal: Signal) -> list[Use]:
    for port in station.ports.values():
        for spot in port.connectors.values():
            spot.ordered_at = None
    if station.whole is not None:
        station.whole.ordered_at = None
    return []


def _status(station: Station, signal: Signal) -> list[Use]:
    assert station.at is not None  # noqa: S101 - set before any signal is taken
    ordered_at = _ordered_at(signal, station.at)
    spot = Spot(signal.word, signal.detail, signal.activity, ordered_at)
    if not signal.evse_id:
        if _newer(station.whole, ordered_at):
            station.whole = spot
        return []
    port = station.ports.get(signal.evse_id)
    if port is None:
        if len(station.ports) >= MOST_PORTS:
            return []
        port = station.ports[signal.evse_id] = Port(station.at)
    known = signal.connector_id in port.connectors or len(port.connectors) < MOST_CONNECTORS
    if known and _newer(port.connectors.get(signal.connector_id), ordered_at):
        port.connectors[signal.connector_id] = spot
    return []


def _newer(spot: Spot | None, ordered_at: datetime) -> bool:
    return spot is None or spot.ordered_at is None or spot.ordered_at <= ordered_at


def _ordered_at(signal: Signal, now: datetime) -> datetime:
    told = signal.told_at
    if told is not None and BACKLOG_AFTER < signal.at - told < BACKLOG_LIMIT:
        return told
    return now


def _standing(station: Station, signal: Signal) -> list[Use]:
    station.standing = signal.word
    return []


def _skew(station: Station, signal: Signal) -> list[Use]:
    station.skew_s = signal.number
    return []


def _began(station: Station, signal: Signal) -> list[Use]:
    _set_activity(station, signal)
    stay = _stay(station, signal)
    stay.began = _corrected(station, signal)
    return _use(station, stay, signal)


def _ended(station: Station, signal: Signal) -> list[Use]:
    stay = _stay(station, signal)
    stay.ended = _corrected(station, signal)
    if stay.evse_id in station.ports:
        station.ports[stay.evse_id].activity = ""
    return _use(station, stay, signal)


def _activity(station: Station, signal: Signal) -> list[Use]:
    _set_activity(station, signal)
    return []


def _set_activity(station: Station, signal: Signal) -> None:
    stay = station.stays.get(signal.subject)
    evse_id = signal.evse_id or (stay.evse_id if stay is not None and stay.ended is None else 0)
    if evse_id in station.ports and signal.word:
        station.ports[evse_id].activity = signal.word


def _stay(station: Station, signal: Signal) -> Stay:
    stay = station.stays.get(signal.subject)
    if stay is None:
        stay = station.stays[signal.subject] = Stay(signal.evse_id)
        while len(station.stays) > REMEMBERED:
            del station.stays[next(iter(station.stays))]
    stay.evse_id = stay.evse_id or signal.evse_id
    return stay


def _corrected(station: Station, signal: Signal) -> datetime | None:
    """The charger's time by our clock, in whole seconds; None where it cannot be meant."""
    if signal.told_at is None or not signal.at - EARLIEST_USE <= signal.told_at <= signal.at + EARLIEST_USE:
        return None
    at = signal.told_at + _skew_of(station)
    plausible = signal.at - EARLIEST_USE <= at <= signal.at + AHEAD
    return at.replace(microsecond=0) if plausible else None


def _skew_of(station: Station) -> timedelta:
    """A clock that was never set is no skew: what it dates is not plausible anyway."""
    if abs(station.skew_s) > EARLIEST_USE // SECOND:
        return timedelta(0)
    return timedelta(seconds=station.skew_s)


def _use(station: Station, stay: Stay, signal: Signal) -> list[Use]:
    """Up to now at most: what is still to come of a state is not known yet."""
    if stay.began is None or stay.ended is None or station.at is None or not stay.evse_id:
        return []
    ended = min(stay.ended, station.at)
    if not timedelta(0) < ended - stay.began <= LONGEST_USE:
        return []
    return [
        Use(
            evse_id=stay.evse_id,
            session=signal.subject,
            begin=stay.began,
            end=ended,
            position=signal.position,
        )
    ]


_TAKE: dict[str, Callable[[Station, Any], list[Use]]] = {
    "connected": _connected,
    "disconnected": _disconnected,
    "restarted": _restarted,
    "status": _status,
    "standing": _standing,
    "skew": _skew,
    "began": _began,
    "ended": _ended,
    "activity": _activity,
}
