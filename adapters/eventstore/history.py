"""A charger's history as the log has it: its own stream and those of its transactions, in the log's order."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.sql import SQL, Identifier

from adapters.eventstore import schema
from adapters.eventstore.mapper import EventMapper
from application.ports import UnreadableEvent
from domain.event import Fact, Recorded
from domain.identity import ChargerId
from projections.read_model import LogItem, Unreadable

PAGE = 500
"""Events held in memory at once."""

_EVENTS = Identifier(schema.SCHEMA, schema.EVENTS)

# The key's prefix finds the events; only their positions are sorted, eight bytes each, so that the history
# of years needs neither memory here nor temporary files there.
_POSITIONS = SQL("""
    SELECT notification_id FROM {events}
     WHERE (originator_id = %(charger)s OR (originator_id >= %(first)s AND originator_id < %(beyond)s))
       AND (%(begin)s::timestamptz IS NULL OR recorded_at >= %(begin)s)
     ORDER BY notification_id
""").format(events=_EVENTS)

_PAGE = SQL("""
    SELECT notification_id, topic, state, originator_id, originator_version
      FROM {events} WHERE notification_id = ANY(%s) ORDER BY notification_id
""").format(events=_EVENTS)


def history(
    dsn: str,
    facts: tuple[type[Fact], ...],
    charger: ChargerId,
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    page: int = PAGE,
) -> Iterator[LogItem]:
    """Every event of a charger and its transactions, told at or after `begin` and before `end`.

    In log order, read page by page. One that cannot be read comes as Unreadable in its place, whatever its
    time. Times are those of `told.recorded_at`, our clock at the frame.
    """
    mapper = EventMapper(facts)
    transactions = f"transaction/{charger.tenant}/{charger.key}/"
    names = {
        "charger": charger.stream,
        "first": transactions,
        "beyond": transactions[:-1] + chr(ord("/") + 1),  # keys compare as bytes
        "begin": begin,
    }
    with psycopg.connect(dsn, application_name="zeus history") as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        with connection.cursor(name="positions") as positions:
            positions.itersize = page
            positions.execute(_POSITIONS, names)
            while found := positions.fetchmany(page):
                for row in connection.execute(_PAGE, [[position for (position,) in found]], binary=True):
                    item = _item(mapper, row)
                    if isinstance(item, Unreadable) or _within(item, begin, end):
                        yield item


def _within(item: Recorded[Fact], begin: datetime | None, end: datetime | None) -> bool:
    at = item.event.told.recorded_at
    return (begin is None or at >= begin) and (end is None or at < end)


def _item(mapper: EventMapper, row: tuple[Any, ...]) -> LogItem:
    position, topic, state, stream, version = row
    try:
        return Recorded(position, mapper.to_domain_event(StoredEvent(stream, version, topic, state)))
    except UnreadableEvent as error:
        return Unreadable(position, topic, str(error))
