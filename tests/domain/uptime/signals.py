"""Lives of a charger told in signals, in a month that can be counted by hand."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from domain.uptime.states import Interval, State
from domain.uptime.station import Change, Signal, Station, Use

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
_positions = count(1)


def at(day: int, clock: str = "00:00") -> datetime:
    """A moment of March 2026, UTC."""
    hour, minute = clock.split(":")
    return MARCH + timedelta(days=day - 1, hours=int(hour), minutes=int(minute))


def signal(kind: str, moment: datetime, **told: Any) -> Signal:
    """One signal; positions count up in the order of calls."""
    position = next(_positions)
    return Signal(kind=kind, at=moment, position=position, event=f"charger/acme/CP1@{position}", **told)


def status(moment: datetime, word: str, **told: Any) -> Signal:
    """Of EVSE 1, connector 1."""
    return signal("status", moment, **{"evse_id": 1, "connector_id": 1, "word": word, **told})


def connected(moment: datetime, name: str = "c") -> Signal:
    """A socket was accepted."""
    return signal("connected", moment, word=name)


def disconnected(moment: datetime, name: str = "c") -> Signal:
    """It is gone."""
    return signal("disconnected", moment, word=name)


def take(signals: Iterable[Signal]) -> tuple[Station, list[Change], list[Use]]:
    """What a new station makes of them."""
    station, changes, uses = Station(), [], []
    for one in signals:
        for out in station.take(one):
            (uses if isinstance(out, Use) else changes).append(out)  # type: ignore[attr-defined]
    return station, changes, uses


def intervals(changes: Iterable[Change], end: datetime, evse_id: int = 1) -> list[Interval]:
    """The changes of a port as intervals, in plain words."""
    own = [one for one in changes if one.evse_id == evse_id]
    ends = [*(one.since for one in own[1:]), end][: len(own)]
    return [
        Interval(
            begin=one.since,
            end=until,
            state=State(one.state),
            cause=one.cause,
            detail=one.detail,
            position=one.position,
            event=one.event,
        )
        for one, until in zip(own, ends, strict=True)
        if until > one.since
    ]
