"""Facts of reservations → their rows."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.event import Event, Fact, Recorded
from domain.reservations import events as reservation
from projections.bounds import key_text, number
from projections.read_model import ReadModel
from projections.reservations.tables import METADATA, RESERVATIONS
from projections.streams import session_id, subject_of
from projections.writes import Update, Upsert, Write

_IDS = range(1, 2**31)
_BLANK: dict[str, Any] = dict.fromkeys(
    ("settled_at", "refusal", "ended_at", "ended_by", "session", "mismatch", "mismatch_session")
)
"""A number that is drawn again, years later, begins anew."""


class Reservations(ReadModel):
    """Reservations of all chargers, those that are over included."""

    name, version = "reservations", 2
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in _TELL)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One row, as the fact leaves it; a charger may name a reservation that is none."""
        event: Event[Any] = recorded.event
        if event.fact.reservation_id not in _IDS:
            return ()
        tenant, charger = subject_of(event.originator_id)
        values = _TELL[type(event.fact)](event.fact, event)
        if isinstance(event.fact, reservation.Requested) and not event.fact.replaces:
            return (Upsert(RESERVATIONS, (tenant, charger, event.fact.reservation_id), values),)
        key = {"tenant": tenant, "charger": charger, "reservation_id": event.fact.reservation_id}
        return (Update(RESERVATIONS, key, values),)


def _requested(fact: reservation.Requested, event: Event[Any]) -> dict[str, Any]:
    """New terms count when the charger has agreed to them."""
    if fact.replaces:
        return {"command": fact.command}
    told = event.told
    made = {"state": "requested", "made_at": told.recorded_at, "made_by": told.actor, "command": fact.command}
    return _BLANK | made | _terms(fact)


def _confirmed(fact: reservation.Confirmed, event: Event[Any]) -> dict[str, Any]:
    return {"state": "active", "settled_at": event.told.recorded_at, "refusal": None} | _terms(fact)


def _refused(fact: reservation.Refused, event: Event[Any]) -> dict[str, Any]:
    why = f"{fact.status}: {fact.reason}" if fact.reason else fact.status
    values = {"settled_at": event.told.recorded_at, "refusal": why}
    return values | ({"state": fact.stands} if fact.stands else _ended("refused", why, event))


def _outcome_unknown(fact: reservation.OutcomeUnknown, event: Event[Any]) -> dict[str, Any]:
    return {"state": fact.stands or "unknown"}


def _used(fact: reservation.Used, event: Event[Any]) -> dict[str, Any]:
    return {"session": session_id(fact.transaction)} | _ended("used", fact.by, event)


def _expired(fact: reservation.Expired, event: Event[Any]) -> dict[str, Any]:
    return _ended("expired", "time", event)


def _cancellation_requested(fact: reservation.CancellationRequested, event: Event[Any]) -> dict[str, Any]:
    return {"command": fact.command}


def _cancellation_failed(fact: reservation.CancellationFailed, event: Event[Any]) -> dict[str, Any]:
    return {"refusal": fact.why}


def _cancelled(fact: reservation.Cancelled, event: Event[Any]) -> dict[str, Any]:
    return _ended("cancelled", fact.by, event)


def _lost(fact: reservation.Lost, event: Event[Any]) -> dict[str, Any]:
    return _ended("lost", fact.why, event)


def _mismatched(fact: reservation.Mismatched, event: Event[Any]) -> dict[str, Any]:
    return {"mismatch": fact.why, "mismatch_session": session_id(fact.transaction)}


def _terms(fact: reservation.Requested | reservation.Confirmed) -> dict[str, Any]:
    return {
        "evse_id": number(fact.evse_id),
        "connector_id": None if fact.connector_id is None else number(fact.connector_id),
        "token": key_text(fact.id_token.value),
        "kind": fact.id_token.kind or None,
        "group": fact.group or None,
        "expires_at": fact.expires_at,
    }


def _ended(state: str, by: str, event: Event[Any]) -> dict[str, Any]:
    return {"state": state, "ended_by": by, "ended_at": event.told.recorded_at}


_TELL: dict[type[Fact], Callable[[Any, Event[Any]], dict[str, Any]]] = {
    reservation.Requested: _requested,
    reservation.Confirmed: _confirmed,
    reservation.Refused: _refused,
    reservation.OutcomeUnknown: _outcome_unknown,
    reservation.Used: _used,
    reservation.Expired: _expired,
    reservation.CancellationRequested: _cancellation_requested,
    reservation.CancellationFailed: _cancellation_failed,
    reservation.Cancelled: _cancelled,
    reservation.Lost: _lost,
    reservation.Mismatched: _mismatched,
}
