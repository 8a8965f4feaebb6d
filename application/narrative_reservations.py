"""Reservations as sentences."""

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from application.phrasing import token
from domain.event import Fact
from domain.reservations import events as reservation

_FIT = {"token": "the reserved token", "group": "a token of the reserved group"}
_LOST = {
    "NotHeld": "the charger knows of no such reservation",
    "NoTransaction": "the driver came, but no transaction began",
    "Removed": "the charger removed it",
}
_MISFIT = {
    "wrong_token": "began on its EVSE for somebody else",
    "ended": "names it, but it had ended",
    "unknown": "names it, but there is no such reservation",
}


def _terms(fact: reservation.Requested | reservation.Confirmed) -> str:
    place = f"EVSE {fact.evse_id}" if fact.evse_id else "any EVSE"
    group = f" or group {fact.group}" if fact.group else ""
    until = fact.expires_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return f"{place} for token {token(fact.id_token)}{group} until {until}"


def _requested(fact: reservation.Requested) -> str:
    what = "New terms were asked for" if fact.replaces else "Asked for"
    return f"{what}: {_name(fact)}, {_terms(fact)}."


def _refused(fact: reservation.Refused) -> str:
    stands = " The former terms stand." if fact.stands else ""
    return f"{_name(fact, 'R')} was refused ({fact.status}){_why(fact.reason)}.{stands}"


def _used(fact: reservation.Used) -> str:
    by = _FIT.get(fact.by, "another token, by the charger's word")
    return f"{_name(fact, 'R')} was used on EVSE {fact.evse_id} by {by} in transaction {_tail(fact.transaction)}."


def _mismatched(fact: reservation.Mismatched) -> str:
    return f"{_name(fact, 'R')}: transaction {_tail(fact.transaction)} {_MISFIT.get(fact.why, 'does not fit it')}."


def _name(fact: reservation.ReservationFact, first: str = "r") -> str:
    return f"{first}eservation {fact.reservation_id}"


def _why(reason: str) -> str:
    return f": {reason}" if reason else ""


def _tail(stream: str) -> str:
    return stream.rsplit("/", 1)[-1]


RESERVATIONS: Mapping[type[Fact], Callable[[Any], str]] = {
    reservation.Requested: _requested,
    reservation.Confirmed: lambda f: f"{_name(f, 'R')} stands: {_terms(f)}.",
    reservation.Refused: _refused,
    reservation.OutcomeUnknown: lambda f: (
        f"Whether {_name(f)} was agreed to is unknown; its place stays taken."
    ),
    reservation.Used: _used,
    reservation.Expired: lambda f: f"{_name(f, 'R')} expired.",
    reservation.CancellationRequested: lambda f: f"The charger is asked to cancel {_name(f)}.",
    reservation.CancellationFailed: lambda f: f"{_name(f, 'R')} could not be cancelled{_why(f.why)}.",
    reservation.Cancelled: lambda f: f"{_name(f, 'R')} was cancelled.",
    reservation.Lost: lambda f: f"{_name(f, 'R')} is lost: {_LOST.get(f.why, f.why)}.",
    reservation.Mismatched: _mismatched,
}
"""Fact → sentence."""
