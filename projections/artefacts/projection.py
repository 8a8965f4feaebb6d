"""Files stored, linked to, fetched and withdrawn → their rows."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.artefacts import events as artefact
from domain.event import Event, Fact, Recorded
from projections.artefacts.tables import ARTEFACTS, METADATA
from projections.bounds import key_text
from projections.read_model import ReadModel
from projections.writes import Increment, Write

Values = dict[str, Any]


class Artefacts(ReadModel):
    """Files of chargers, and for them."""

    name, version = "artefacts", 1
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in _TELL)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One row, whose counters grow."""
        event: Event[Any] = recorded.event
        _, tenant, name = event.originator_id.split("/", 2)
        by, values = _TELL[type(event.fact)](event.fact, event)
        return [Increment(ARTEFACTS, (tenant, key_text(name)), by, values)]


def _stored(fact: artefact.Stored, event: Event[Any]) -> tuple[Values, Values]:
    values = {
        "kind": fact.kind,
        "name": fact.name,
        "size_bytes": fact.size_bytes,
        "sha256": fact.sha256,
        "stored_at": event.told.recorded_at,
        "stored_by": event.told.actor,
        "remote": fact.remote or None,
    }
    return {}, values | _origin(fact.charger, fact.command)


def _released(fact: artefact.Released, event: Event[Any]) -> tuple[Values, Values]:
    values = {
        "last_link_at": event.told.recorded_at,
        "last_link_charger": key_text(fact.charger),
        "last_link_expires_at": fact.expires_at,
    }
    if fact.purpose is artefact.Purpose.UPLOAD:
        values |= {"kind": artefact.Kind.UPLOAD, **_origin(fact.charger, fact.command)}
    return {"links": 1}, values


def _fetched(fact: artefact.Fetched, event: Event[Any]) -> tuple[Values, Values]:
    by = {"bytes_sent": fact.length, "fetches": int(fact.complete)}
    return by, {"last_fetched_at": event.told.recorded_at}


def _withdrawn(fact: artefact.Withdrawn, event: Event[Any]) -> tuple[Values, Values]:
    return {}, {"withdrawn_at": event.told.recorded_at, "withdraw_reason": fact.reason or None}


def _origin(charger: str, command: str) -> Values:
    return {"charger": key_text(charger) or None, "command": key_text(command) or None}


_TELL: dict[type[Fact], Callable[[Any, Event[Any]], tuple[Values, Values]]] = {
    artefact.Stored: _stored,
    artefact.Released: _released,
    artefact.Fetched: _fetched,
    artefact.Withdrawn: _withdrawn,
}
