"""The alarms of one charger or one address: at most one open of each kind."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from domain.alarms.events import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmRaised,
    AlarmRepeated,
)
from domain.alarms.kinds import Kind
from domain.event import Event, Fact

ADDRESS = "address:"
"""Begins the subject of an alarm about an address; a charger's id holds no colon."""
ACTOR = "actor:"
"""Begins the subject of an alarm about a person or a token."""
PERSON = "user:"
"""Begins the subject of an alarm about a person, before the id."""
OURSELVES = "server:certificates"
"""The subject of alarms about certificates of the server itself."""
PACE = timedelta(minutes=1)
"""What repeats faster is one occurrence: an alarm is no flood."""
AGAIN = "it happened again"


class AlarmNotOpen(Exception):
    """This alarm is over, or never was."""


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is an alarm, or one more of it."""

    kind: Kind
    source: str
    at: datetime
    info: str = ""
    count: int = 1


class OpenAlarm(msgspec.Struct):
    """An alarm that is not over."""

    id: str
    last_at: datetime
    acknowledged: bool = False


class Alarms(msgspec.Struct):
    """State of a subject's alarms; the only way to change it is `when`."""

    stream: str
    version: int = 0
    open: dict[str, OpenAlarm] = msgspec.field(default_factory=dict)
    """By kind."""
    heard: dict[str, datetime] = msgspec.field(default_factory=dict)
    """The newest occurrence of each kind: what is told twice is not counted twice."""

    def notice(self, what: Occurrence, alarm_id: str) -> list[Fact]:
        """It happened. One that somebody had acknowledged is raised anew, under `alarm_id`."""
        kind, heard = what.kind.name, self.heard.get(what.kind.name)
        if heard is not None and what.at - heard < PACE:
            return []
        known = self.open.get(kind)
        if known is not None and not known.acknowledged:
            repeated = AlarmRepeated(
                alarm_id=known.id, kind=kind, source=what.source, at=what.at, count=what.count
            )
            return [repeated]
        raised = AlarmRaised(
            alarm_id=alarm_id,
            kind=kind,
            severity=what.kind.severity,
            words=what.kind.words,
            info=what.info,
            source=what.source,
            at=what.at,
            count=what.count,
        )
        over = [] if known is None else [AlarmCleared(alarm_id=known.id, kind=kind, why=AGAIN)]
        return [*over, raised]

    def acknowledge(self, alarm_id: str, note: str) -> list[Fact]:
        """Somebody looks after it. Raises AlarmNotOpen; done twice, it is done once."""
        kind, known = self._named(alarm_id)
        return [] if known.acknowledged else [AlarmAcknowledged(alarm_id=alarm_id, kind=kind, note=note)]

    def clear(self, alarm_id: str, why: str) -> list[Fact]:
        """It is over. Raises AlarmNotOpen."""
        kind, _ = self._named(alarm_id)
        return [AlarmCleared(alarm_id=alarm_id, kind=kind, why=why)]

    def settle(self, kind: Kind, why: str) -> list[Fact]:
        """What raised it is over by itself; nothing where none of this kind is open."""
        known = self.open.get(kind.name)
        return [] if known is None else [AlarmCleared(alarm_id=known.id, kind=kind.name, why=why)]

    def _named(self, alarm_id: str) -> tuple[str, OpenAlarm]:
        for kind, known in self.open.items():
            if known.id == alarm_id:
                return kind, known
        raise AlarmNotOpen(alarm_id)

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state."""
        self.version = event.originator_version
        match event.fact:
            case AlarmRaised(alarm_id=alarm_id, kind=kind, at=at):
                self.open[kind] = OpenAlarm(alarm_id, at)
                self.heard[kind] = at
            case AlarmRepeated(kind=kind, at=at):
                self.heard[kind] = at
                if kind in self.open:
                    self.open[kind].last_at = at
            case AlarmAcknowledged(kind=kind):
                if kind in self.open:
                    self.open[kind].acknowledged = True
            case AlarmCleared(kind=kind):
                self.open.pop(kind, None)
            case _:
                pass


def alarms_stream(tenant: str, subject: str) -> str:
    """`alarms/<tenant>/<subject>`: a charger's key, `address:` and an address, `actor:` and a name, percent-encoded."""
    return f"alarms/{tenant}/{quote(subject, safe=':')}"


def subject_in(stream: str) -> tuple[str, str]:
    """(tenant, subject) of such a stream."""
    _, tenant, subject = stream.split("/", 2)
    return tenant, unquote(subject)
