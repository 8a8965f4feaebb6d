"""A charger as the funnel sees it: a state machine fed with what is heard in the order of the log.

An attempt begins with the first of plug-in, token and start at a port. It is over when the port is free again,
or when the next one begins there. A token that names no EVSE (1.6 Authorize) belongs to the one port where a
car waits; where none or several do, to the port that starts or is plugged in within `PATIENCE`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import msgspec

from domain.attempts.signals import IMPROPER, Cleared, Fault, Heard, Step

PATIENCE = timedelta(minutes=5)
REMEMBERED = 32
MOST_PORTS = 256
NOWHERE = 0
"""The port of a token that names none."""
_FREE = frozenset({"Available", "Reserved", "Unavailable"})
_WELCOME = frozenset({"", "Accepted"})

Out: TypeAlias = Step | Fault | Cleared


class Attempt(msgspec.Struct):
    """What a driver tries at a port."""

    name: int
    begun_at: datetime
    plugged: bool = False
    authorised: bool = False
    started: bool = False


class Trouble(msgspec.Struct, array_like=True):
    """The error a connector last told, and the fault that was made of it."""

    code: str
    position: int


class Watch(msgspec.Struct):
    """State of one charger; the only way to change it is `take`."""

    protocol: str = ""
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    attempts: dict[int, Attempt] = msgspec.field(default_factory=dict)
    """By EVSE."""
    occupied: dict[str, bool] = msgspec.field(default_factory=dict)
    """`evse.connector` → was its last status that of a plugged-in car?"""
    troubles: dict[str, Trouble] = msgspec.field(default_factory=dict)
    sessions: dict[str, int] = msgspec.field(default_factory=dict)
    """Transaction → the attempt it is part of."""

    def take(self, heard: Heard) -> list[Out]:
        """What follows; never refuses."""
        return _TAKE[heard.kind](self, heard)


def _connected(watch: Watch, heard: Heard) -> list[Out]:
    watch.protocol = heard.word
    return []


def _booted(watch: Watch, heard: Heard) -> list[Out]:
    watch.vendor, watch.model, watch.firmware = heard.vendor, heard.model, heard.firmware
    return []


def _status(watch: Watch, heard: Heard) -> list[Out]:
    return [*_trouble(watch, heard), *(_occupancy(watch, heard) if heard.evse_id else ())]


def _occupancy(watch: Watch, heard: Heard) -> list[Out]:
    """Plugged in, or free again; Faulted says nothing of the car."""
    place = f"{heard.evse_id}.{heard.connector_id}"
    if place not in watch.occupied and len(watch.occupied) >= MOST_PORTS:
        return []
    if heard.word == "Occupied":
        was, watch.occupied[place] = watch.occupied.get(place, False), True
        return [] if was or heard.activity == "Finishing" else _plugged(watch, heard)
    if heard.word in _FREE:
        watch.occupied[place] = False
        others = (taken for name, taken in watch.occupied.items() if name.startswith(f"{heard.evse_id}."))
        return [] if any(others) else _closed(watch, heard, heard.evse_id)
    return []


def _plugged(watch: Watch, heard: Heard) -> list[Out]:
    attempt = watch.attempts.get(heard.evse_id)
    if attempt is not None and (attempt.started or not attempt.plugged):
        attempt.plugged = True
        return [_step(heard, attempt, "plugged")]
    out = _closed(watch, heard, heard.evse_id) if attempt is not None else []
    attempt = _adopted(watch, heard) or _new(watch, heard)
    attempt.plugged = True
    return [*out, _step(heard, attempt, "plugged")]


def _presented(watch: Watch, heard: Heard) -> list[Out]:
    attempt = watch.attempts.get(heard.evse_id) if heard.evse_id else _waiting(watch)
    out: list[Out] = []
    if attempt is None or (attempt.started and heard.evse_id):
        if heard.evse_id and attempt is not None:
            return []  # the token that ends, or a second look at the first one
        if heard.evse_id == NOWHERE:
            if any(one.started for one in watch.attempts.values()) and heard.word in _WELCOME:
                return []  # most likely the token that ends what runs
            out = _closed(watch, heard, NOWHERE)
        attempt = _new(watch, heard)
    return [*out, _judged(heard, attempt)]


def _judged(heard: Heard, attempt: Attempt) -> Step:
    if heard.word in _WELCOME:
        attempt.authorised = True
        return _step(heard, attempt, "authorised", word=heard.word)
    return _step(heard, attempt, "refused", word=heard.word)


def _waiting(watch: Watch) -> Attempt | None:
    """The one attempt where a car waits for a token."""
    found = [one for one in watch.attempts.values() if one.plugged and not one.authorised and not one.started]
    return found[0] if len(found) == 1 else None


def _started(watch: Watch, heard: Heard) -> list[Out]:
    attempt = watch.attempts.get(heard.evse_id)
    out: list[Out] = []
    if attempt is not None and attempt.started:
        out = _closed(watch, heard, heard.evse_id)
        attempt = None
    attempt = attempt or _adopted(watch, heard) or _new(watch, heard)
    if not attempt.authorised:
        waiting = watch.attempts.get(NOWHERE)
        if waiting is not None and waiting.authorised and heard.at - waiting.begun_at <= PATIENCE:
            del watch.attempts[NOWHERE]
            out.append(_step(heard, waiting, "closed"))
        out.append(_judged(heard, attempt))
    attempt.started = True
    _remember(watch, heard.subject, attempt.name)
    return [*out, _step(heard, attempt, "started", session=heard.subject, evse_id=heard.evse_id)]


def _settled(watch: Watch, heard: Heard) -> list[Out]:
    name = watch.sessions.get(heard.subject)
    if name is None or heard.number <= 0:
        return []
    return [Step(attempt=name, position=heard.position, event=heard.event, name="energised")]


def _ended(watch: Watch, heard: Heard) -> list[Out]:
    name = watch.sessions.get(heard.subject)
    if name is None:
        return []
    proper = heard.word not in IMPROPER
    return [
        Step(
            attempt=name,
            position=heard.position,
            event=heard.event,
            name="stopped",
            word=heard.word,
            proper=proper,
        )
    ]


def _closed(watch: Watch, heard: Heard, evse_id: int) -> list[Out]:
    attempt = watch.attempts.pop(evse_id, None)
    return [] if attempt is None else [_step(heard, attempt, "closed")]


def _new(watch: Watch, heard: Heard) -> Attempt:
    attempt = Attempt(heard.position, heard.at)
    while len(watch.attempts) >= MOST_PORTS:
        del watch.attempts[next(iter(watch.attempts))]
    watch.attempts[heard.evse_id] = attempt
    return attempt


def _adopted(watch: Watch, heard: Heard) -> Attempt | None:
    """The attempt of a token that named no EVSE, if it is fresh: it was meant here."""
    attempt = watch.attempts.get(NOWHERE)
    if attempt is None or heard.at - attempt.begun_at > PATIENCE:
        return None
    del watch.attempts[NOWHERE]
    watch.attempts[heard.evse_id] = attempt
    return attempt


def _remember(watch: Watch, subject: str, name: int) -> None:
    watch.sessions[subject] = name
    while len(watch.sessions) > REMEMBERED:
        del watch.sessions[next(iter(watch.sessions))]


def _step(
    heard: Heard,
    attempt: Attempt,
    name: str,
    *,
    word: str | None = None,
    session: str | None = None,
    evse_id: int | None = None,
) -> Step:
    fresh = attempt.name == heard.position
    return Step(
        attempt=attempt.name,
        position=heard.position,
        event=heard.event,
        name=name,
        evse_id=evse_id if evse_id is not None else (heard.evse_id if name == "plugged" or fresh else None),
        begun_at=attempt.begun_at,
        word=word,
        session=session,
    )


def _trouble(watch: Watch, heard: Heard) -> list[Out]:
    """A fault begins when a connector tells an error it did not tell before, and ends when it tells none."""
    place, code = f"{heard.evse_id}.{heard.connector_id}", heard.code
    if not code and heard.word == "Faulted":
        code = "Faulted"
    before = watch.troubles.get(place)
    if (before.code if before is not None else "") == code:
        return []
    out: list[Out] = []
    if before is not None:
        del watch.troubles[place]
        out.append(Cleared(fault=before.position, position=heard.position, at=heard.at))
    if code and len(watch.troubles) < MOST_PORTS:
        watch.troubles[place] = Trouble(code, heard.position)
        out.append(_fault(heard, "status", code))
    return out


def _security(watch: Watch, heard: Heard) -> list[Out]:
    return [_fault(heard, "security", heard.word)]


def _callerror(watch: Watch, heard: Heard) -> list[Out]:
    return [_fault(heard, "callerror", heard.code)]


def _rubbish(watch: Watch, heard: Heard) -> list[Out]:
    return [_fault(heard, "rubbish", heard.code)]


def _fault(heard: Heard, kind: str, code: str) -> Fault:
    return Fault(
        kind=kind,
        code=code,
        position=heard.position,
        event=heard.event,
        at=heard.at,
        evse_id=heard.evse_id,
        connector_id=heard.connector_id,
        detail=heard.detail,
        count=max(1, heard.number),
    )


_TAKE: dict[str, Callable[[Watch, Any], list[Out]]] = {
    "connected": _connected,
    "booted": _booted,
    "status": _status,
    "presented": _presented,
    "started": _started,
    "settled": _settled,
    "ended": _ended,
    "security": _security,
    "callerror": _callerror,
    "rubbish": _rubbish,
}
