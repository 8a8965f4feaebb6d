"""What chargers said, as the log has it: connections that came and went, and calls with what we answered."""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from eventsourcing.persistence import StoredEvent

from adapters.eventstore.mapper import EventMapper
from application.ports import UnreadableEvent
from domain.catalogue import FACTS
from domain.chargers.events import Connected, Disconnected, Registered
from domain.event import CHARGER
from projections.message_log.envelope import read_head
from projections.streams import CHARGERS, subject_of

log = logging.getLogger("zeus.mirror")

AT_ONCE = 500
"""Events that are read with one query."""
WINDOW = 50_000
"""Places in the log that one query looks through at most: between the events of few chargers there may be many."""
_HEAD = "SELECT coalesce(max(notification_id), 0) FROM eventstore.stored_events"
_READ = """
    SELECT notification_id, topic, state, originator_id, originator_version FROM eventstore.stored_events
    WHERE notification_id > %(after)s AND notification_id <= %(upto)s
        AND split_part(originator_id, '/', 2) = %(tenant)s AND split_part(originator_id, '/', 1) = ANY(%(kinds)s)
        AND (%(chargers)s::text[] IS NULL OR split_part(originator_id, '/', 3) = ANY(%(chargers)s))
        AND (topic = ANY(%(topics)s) OR position('"frame":'::bytea IN state) > 0)
    ORDER BY notification_id LIMIT %(limit)s
"""
_BEFORE = "SELECT coalesce(max(notification_id), 0) FROM eventstore.stored_events WHERE recorded_at < %s"
_KNOWN = "SELECT originator_id FROM eventstore.stored_events WHERE originator_id = ANY(%s) AND originator_version = 1"
_LAST = """
    SELECT topic, state, originator_id, originator_version FROM eventstore.stored_events
    WHERE originator_id = %s AND topic = %s AND notification_id <= %s ORDER BY originator_version DESC LIMIT 1
"""


class Came(NamedTuple):
    """A connection of a charger was accepted."""

    position: int
    charger: str
    connection: str
    protocol: str


class Went(NamedTuple):
    """It is gone."""

    position: int
    charger: str
    connection: str


class Said(NamedTuple):
    """A call of a charger, or what was meant to be one."""

    position: int
    charger: str
    connection: str
    action: str
    message_id: str | None
    frame: str | None
    """None where the bytes were no text, or the event cannot be read."""
    reply: str | None
    """What we answered; None for silence."""


Item = Came | Went | Said


class Opening(NamedTuple):
    """How a charger connects."""

    cpid: str
    """As it is registered."""
    protocol: str
    """The version of its last connection; empty where it had none."""


class Traffic:
    """Reads the log; for one thread."""

    def __init__(
        self,
        connection: "psycopg.Connection[Any]",
        tenant: str,
        chargers: Collection[str],
        spelled: Callable[[str], str],
    ) -> None:
        """`chargers`: keys; none means all. `spelled` makes a frame of one with sealed tokens."""
        self._connection = connection
        self._tenant = tenant
        self._chosen = {
            "tenant": tenant,
            "chargers": sorted(chargers) or None,
            "kinds": list(CHARGERS),
            "topics": [Connected.TOPIC, Disconnected.TOPIC],
        }
        self._spelled = spelled
        self._mapper = EventMapper(FACTS)

    def head(self) -> int:
        """The last place in the log."""
        row = self._connection.execute(_HEAD).fetchone()
        return int(row[0]) if row else 0

    def place_before(self, moment: datetime) -> int:
        """The last place before anything that was recorded then or later."""
        row = self._connection.execute(_BEFORE, [moment]).fetchone()
        return int(row[0]) if row else 0

    def unknown(self, chargers: Collection[str]) -> list[str]:
        """Those of which there is nothing in the log."""
        streams = {f"charger/{self._tenant}/{charger}": charger for charger in chargers}
        rows = self._connection.execute(_KNOWN, [list(streams)]).fetchall()
        return sorted(set(chargers) - {streams[stream] for (stream,) in rows})

    def read(self, after: int) -> tuple[list[Item], int]:
        """What came next, and the place up to which that is all. Raises psycopg.Error, StoreUnavailable."""
        upto = min(self.head(), after + WINDOW)
        asked = {**self._chosen, "after": after, "upto": upto, "limit": AT_ONCE}
        rows = self._connection.execute(_READ, asked, binary=True).fetchall()
        items = [item for row in rows if (item := self._item(row)) is not None]
        return items, rows[-1][0] if len(rows) == AT_ONCE else upto

    def opening(self, charger: str, position: int) -> Opening:
        """How it connected at that place in the log, or before."""
        registered = self._last(charger, Registered, position)
        connected = self._last(charger, Connected, position)
        return Opening(
            charger if registered is None else registered.cpid,
            "" if connected is None else connected.protocol,
        )

    def _last(self, charger: str, fact: Any, position: int) -> Any:
        asked = [f"charger/{self._tenant}/{charger}", fact.TOPIC, position]
        row = self._connection.execute(_LAST, asked, binary=True).fetchone()
        if row is None:
            return None
        topic, state, stream, version = row
        return self._mapper.to_domain_event(StoredEvent(stream, version, topic, state)).fact

    def _item(self, row: Sequence[Any]) -> Item | None:
        position, topic, state, stream, version = row
        _, charger = subject_of(stream)
        try:
            event = self._mapper.to_domain_event(StoredEvent(stream, version, topic, state))
        except UnreadableEvent as error:
            log.warning("#%s of %s cannot be read, so not be said again: %s", position, stream, error)
            return Said(position, charger, "", "", None, None, None)
        fact, told = event.fact, event.told
        if isinstance(fact, Connected):
            return Came(position, charger, fact.connection, fact.protocol)
        if isinstance(fact, Disconnected):
            return Went(position, charger, fact.connection)
        if told.frame is None or told.actor != CHARGER:
            return None
        head = read_head(told.frame)
        if head.kind == "answer":  # to a question of ours, which the other system did not ask
            return None
        frame = None if told.frame_bytes is not None else self._spelled(told.frame)
        reply = None if told.reply is None else self._spelled(told.reply)
        return Said(position, charger, told.connection, head.action or "", head.message_id, frame, reply)
