"""A charger's history as the log has it: every stream that is about it, in the log's order.

Its own stream and the books kept of it are found by their keys, and so are its transactions. A command's key does
not name the charger: which are its, the read model of commands tells, where there is one.
"""

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
from projections.log import Decode
from projections.read_model import LogItem, Unreadable
from projections.row_security import ENTER

PAGE = 500
"""Events held in memory at once."""

_EVENTS = Identifier(schema.SCHEMA, schema.EVENTS)

# The key's prefix finds the events; only their positions are sorted, eight bytes each, so that the history
# of years needs neither memory here nor temporary files there.
_POSITIONS = SQL("""
    SELECT notification_id FROM {events}
     WHERE (originator_id = ANY(%(streams)s) OR (originator_id >= %(first)s AND originator_id < %(beyond)s))
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
    decode: Decode | None = None,
) -> Iterator[LogItem]:
    """Every event of a charger, its transactions, commands and books, told at or after `begin` and before `end`.

    In log order, read page by page. One that cannot be read comes as Unreadable in its place, whatever its
    time. `decode` reads an event; without it
    what is sealed stays so. Times are those of `told.recorded_at`, our clock at the frame.
    """
    decode = decode or _decoding(facts)
    transactions = f"transaction/{charger.tenant}/{charger.key}/"
    names: dict[str, Any] = {
        "first": transactions,
        "beyond": transactions[:-1] + chr(ord("/") + 1),  # keys compare as bytes
        "begin": begin,
    }
    with psycopg.connect(dsn, application_name="zeus history") as connection:
        connection.execute(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL ROLE zeus_gateway"
        )
        connection.execute(ENTER, [charger.tenant])
        names["streams"] = [*_books(charger), *_commands(connection, charger)]
        with connection.cursor(name="positions") as positions:
            positions.itersize = page
            positions.execute(_POSITIONS, names)
            while found := positions.fetchmany(page):
                for row in connection.execute(_PAGE, [[position for (position,) in found]], binary=True):
                    item = _item(decode, row)
                    if isinstance(item, Unreadable) or _within(item, begin, end):
                        yield item


BOOKS = ("charger", "settings", "local-list", "reservations", "charging-profiles")
"""Kinds of streams of which a charger has one."""


def _books(charger: ChargerId) -> list[str]:
    return [f"{kind}/{charger.tenant}/{charger.key}" for kind in BOOKS]


def _commands(connection: "psycopg.Connection[Any]", charger: ChargerId) -> list[str]:
    if connection.execute("SELECT to_regclass('ocpp_commands') IS NULL").fetchone() == (True,):
        return []
    rows = connection.execute(
        "SELECT id FROM ocpp_commands WHERE tenant = %s AND charger = %s", [charger.tenant, charger.key]
    )
    return [f"command/{charger.tenant}/{name}" for (name,) in rows]


def _within(item: Recorded[Fact], begin: datetime | None, end: datetime | None) -> bool:
    at = item.event.told.recorded_at
    return (begin is None or at >= begin) and (end is None or at < end)


def _decoding(facts: tuple[type[Fact], ...]) -> Decode:
    mapper = EventMapper(facts)
    return lambda topic, state, stream, version: mapper.to_domain_event(
        StoredEvent(stream, version, topic, state)
    )


def _item(decode: Decode, row: tuple[Any, ...]) -> LogItem:
    position, topic, state, stream, version = row
    try:
        return Recorded(position, decode(topic, state, stream, version))
    except UnreadableEvent as error:
        return Unreadable(position, topic, str(error))
