"""Alarms raised, repeated, acknowledged and cleared → their rows."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.alarms import events as alarm
from domain.alarms.alarms import subject_in
from domain.event import Event, Fact, Recorded
from projections.alarms.tables import ALARMS, METADATA
from projections.bounds import key_text
from projections.read_model import ReadModel
from projections.writes import Increment, Write

Values = dict[str, Any]


class Alarms(ReadModel):
    """What somebody should look at."""

    name, version = "alarms", 1
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in _TELL)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One row, whose counter grows."""
        event: Event[Any] = recorded.event
        by, values = _TELL[type(event.fact)](event.fact, event)
        return [Increment(ALARMS, (event.tenant, key_text(event.fact.alarm_id)), by, values)]


def _raised(fact: alarm.AlarmRaised, event: Event[Any]) -> tuple[Values, Values]:
    values = {
        "subject": key_text(subject_in(event.originator_id)[1]),
        "kind": key_text(fact.kind),
        "severity": fact.severity,
        "words": fact.words,
        "info": fact.info or None,
        "source": fact.source,
        "raised_at": fact.at,
        "last_at": fact.at,
    }
    return {"count": fact.count}, values


def _repeated(fact: alarm.AlarmRepeated, event: Event[Any]) -> tuple[Values, Values]:
    return {"count": fact.count}, {"last_at": fact.at}


def _acknowledged(fact: alarm.AlarmAcknowledged, event: Event[Any]) -> tuple[Values, Values]:
    told = event.told
    return {}, {
        "acknowledged_at": told.recorded_at,
        "acknowledged_by": told.actor,
        "note": fact.note or None,
    }


def _cleared(fact: alarm.AlarmCleared, event: Event[Any]) -> tuple[Values, Values]:
    told = event.told
    return {}, {"cleared_at": told.recorded_at, "cleared_by": told.actor, "cleared_why": fact.why or None}


_TELL: dict[type[Fact], Callable[[Any, Event[Any]], tuple[Values, Values]]] = {
    alarm.AlarmRaised: _raised,
    alarm.AlarmRepeated: _repeated,
    alarm.AlarmAcknowledged: _acknowledged,
    alarm.AlarmCleared: _cleared,
}
