"""What was stored of a charger within a span of time: its stream, its transactions, its books, its commands.

Read by keys alone. A year of heartbeats before the span costs nothing.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from adapters.eventstore import schema
from adapters.eventstore.history import BOOKS
from adapters.eventstore.past import Past
from domain.alarms.alarms import alarms_stream
from domain.chargers.events import TransactionClosed, TransactionOpened
from domain.event import Event, Fact, Recorded
from domain.identity import ChargerId, tenant_of
from projections.log import Decode
from projections.status_board.tables import CONNECTORS

LONGEST = timedelta(days=7)
"""A span is read at once; longer ones are asked for in pieces."""
COMMANDS_BEFORE = timedelta(days=1)
"""A command that was asked for so long before may still be answered within the span."""

_EVENTS = Identifier(schema.SCHEMA, schema.EVENTS)
_SPAN = SQL("""
    SELECT e.notification_id, e.topic, e.state, e.originator_id, e.originator_version
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS part(stream, after, upto)
    JOIN {events} e ON e.originator_id = part.stream
        AND e.originator_version > part.after AND e.originator_version <= part.upto
    WHERE NOT e.topic = ANY(%s::text[])
    ORDER BY e.notification_id
""").format(events=_EVENTS)
_COMMANDS = """
    SELECT id FROM public.ocpp_commands
    WHERE tenant = %s AND charger = %s AND requested_at >= %s AND requested_at < %s
"""


class Span(NamedTuple):
    """From `begin` up to `end`, both by the store's clock."""

    begin: datetime
    end: datetime


class Chronicle:
    """Reads on a connection that is the caller's, one transaction of it."""

    def __init__(self, connection: "Connection[Any]", decode: Decode) -> None:
        """See `Past`."""
        self._connection = connection
        self._past = Past(connection, decode)

    def of_charger(
        self,
        charger: ChargerId,
        span: Span,
        *,
        beside: Iterable[str] = (),
        without: Collection[str] = (),
    ) -> list[Recorded[Fact]]:
        """Everything of a charger, and of the streams `beside`, in that span, in log order, but for the topics in
        `without`. A transaction is found where the charger's stream says that it was opened or closed.
        """
        streams = [*beside]
        streams += [f"{kind}/{charger.tenant}/{charger.key}" for kind in BOOKS]
        streams.append(alarms_stream(charger.tenant, charger.key))
        streams += self._transactions(charger, span)
        streams += self._commands(charger, span)
        return self._within(streams, span, without)

    def of_streams(
        self, streams: Iterable[str], span: Span, *, without: Collection[str] = ()
    ) -> list[Recorded[Fact]]:
        """The same of some streams."""
        return self._within(list(streams), span, without)

    def event(self, tenant: str, name: str) -> Event[Fact] | None:
        """The event of that name (`stream@version`), if it is the tenant's."""
        stream, _, version = name.rpartition("@")
        if stream.count("/") < 2 or tenant_of(stream) != tenant or not version.isdecimal():
            return None
        number = int(version)
        if not 0 < number < 2**62:
            return None
        found = self._past.events(stream, number - 1, number)
        return found[0].event if found else None

    def _within(self, streams: list[str], span: Span, without: Collection[str]) -> list[Recorded[Fact]]:
        streams = list(dict.fromkeys(streams))
        parts = [
            (stream, self._past.place(stream, span.begin).version, self._past.place(stream, span.end).version)
            for stream in streams
        ]
        told = [part for part in parts if part[1] < part[2]]
        columns = [list(column) for column in zip(*told, strict=True)] if told else [[], [], []]
        rows = self._connection.execute(_SPAN, [*columns, list(without)], binary=True)
        return [self._past.recorded(row) for row in rows]

    def _transactions(self, charger: ChargerId, span: Span) -> list[str]:
        """Those that ran at its begin, and those that began or ended in it."""
        board = self._past.board(charger, span.begin) or {}
        running = [row["last_transaction"] for row in board.get(CONNECTORS.name, ()) if row["session"]]
        after = self._past.place(charger.stream, span.begin).version
        upto = self._past.place(charger.stream, span.end).version
        moved = [one.event.fact for one in self._past.events(charger.stream, after, upto)]
        named = [
            fact.transaction for fact in moved if isinstance(fact, TransactionOpened | TransactionClosed)
        ]
        return [*running, *named]

    def _commands(self, charger: ChargerId, span: Span) -> list[str]:
        if self._connection.execute("SELECT to_regclass('public.ocpp_commands')").fetchone() == (None,):
            return []
        wanted = (charger.tenant, charger.key, span.begin - COMMANDS_BEFORE, span.end)
        return [f"command/{charger.tenant}/{name}" for (name,) in self._connection.execute(_COMMANDS, wanted)]
