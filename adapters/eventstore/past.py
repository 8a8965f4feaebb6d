"""The log up to an instant: where a stream stood then, and what had been told of a charger by then.

An instant is one of `recorded_at`, the store's own clock, which never goes back within the log: so a stream's
version at an instant is found by halving, and there is no index by time that every insert would pay for.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from adapters.eventstore import schema
from domain.catalogue import FACTS
from domain.chargers.events import TransactionOpened
from domain.event import Fact, Recorded
from domain.identity import ChargerId
from projections.in_memory import Row
from projections.log import Decode
from projections.past import NEVER, Moment, kind_of, moment_after, moment_of, rows_after
from projections.status_board.projection import StatusBoard
from projections.status_board.tables import CONNECTORS

EVERY = 500
"""Events of a charger between two moments: so many are read at most to see an instant."""

_NAMES = {
    "events": Identifier(schema.SCHEMA, schema.EVENTS),
    "moments": Identifier(schema.SCHEMA, schema.MOMENTS),
}
_NEWEST = SQL("""
    SELECT originator_version FROM {events} WHERE originator_id = %s ORDER BY originator_version DESC LIMIT 1
""").format(**_NAMES)
_RECORDED_AT = SQL("""
    SELECT recorded_at FROM {events} WHERE originator_id = %s AND originator_version = %s
""").format(**_NAMES)
_BETWEEN = SQL("""
    SELECT notification_id, topic, state, originator_id, originator_version FROM {events}
    WHERE originator_id = %s AND originator_version > %s AND originator_version <= %s
    ORDER BY originator_version
""").format(**_NAMES)
_MOMENT = SQL("""
    SELECT version, position, state FROM {moments}
    WHERE stream = %s AND kind = %s AND version <= %s ORDER BY version DESC LIMIT 1
""").format(**_NAMES)
_KEEP = SQL("""
    INSERT INTO {moments} (stream, version, position, kind, state) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (stream, version) DO UPDATE SET position = excluded.position, kind = excluded.kind,
        state = excluded.state
""").format(**_NAMES)

_BUSY = SQL("""
    SELECT s.originator_id FROM {snapshots} s
    WHERE s.originator_id >= 'charger/' AND s.originator_id < 'charger0' AND s.originator_version >= %(every)s + (
        SELECT coalesce(max(m.version), 0) FROM {moments} m WHERE m.stream = s.originator_id AND m.kind = %(kind)s
    )
""").format(**_NAMES, snapshots=Identifier(schema.SCHEMA, schema.SNAPSHOTS))

Link = Connection[Any]


class Place(NamedTuple):
    """Where a stream stood."""

    stream: str
    version: int
    """0 before its first event."""


class Past:
    """Reads the log on a connection that is the caller's, one transaction of it."""

    def __init__(self, connection: Link, decode: Decode) -> None:
        """`decode` makes events of rows as read models get them."""
        self._connection = connection
        self._decode = decode
        self._board = StatusBoard(FACTS)

    def place(self, stream: str, at: datetime) -> Place:
        """The version of a stream at an instant; by halving, some twenty looks among a million events."""
        low, high = 0, self._newest(stream)  # the version sought is in low … high
        while low < high:
            middle = (low + high + 1) // 2
            row = self._connection.execute(_RECORDED_AT, (stream, middle)).fetchone()
            if row is not None and row[0] <= at:
                low = middle
            else:
                high = middle - 1
        return Place(stream, low)

    def events(self, stream: str, after: int, upto: int) -> list[Recorded[Fact]]:
        """Events of a stream, by version. Raises UnreadableEvent."""
        rows = self._connection.execute(_BETWEEN, (stream, after, upto), binary=True)
        return [self.recorded(row) for row in rows]

    def until(self, stream: str, at: datetime) -> list[Recorded[Fact]]:
        """Events of a stream that were stored by then. Raises UnreadableEvent."""
        return self.events(stream, 0, self.place(stream, at).version)

    def board(self, charger: ChargerId, at: datetime) -> dict[str, list[Row]] | None:
        """The charger's rows of the status board at an instant, by table; None before anybody knew it."""
        version = self.place(charger.stream, at).version
        if not version:
            return None
        moment = self._moment(charger.stream, version)
        rows = rows_after(self._board, moment, self._told(charger.stream, moment, version, at))
        return {name: rows.of(table) for name, table in self._board.tables.tables.items()}

    def keep_moments(self, charger: ChargerId) -> int:
        """Make the moments that are missing, one each `EVERY` events; returns how many. Harmless when repeated."""
        stream, made = charger.stream, 0
        newest = self._newest(stream)
        moment = self._moment(stream, newest)
        while moment.version + EVERY <= newest:
            version = moment.version - moment.version % EVERY + EVERY
            told = self._told(stream, moment, version, None)
            moment = moment_after(self._board, moment, told, version)
            kept = (stream, moment.version, moment.position, kind_of(self._board), moment.encoded())
            self._connection.execute(_KEEP, kept)
            made += 1
        return made

    def _newest(self, stream: str) -> int:
        row = self._connection.execute(_NEWEST, (stream,)).fetchone()
        return row[0] if row is not None else 0

    def _moment(self, stream: str, version: int) -> Moment:
        row = self._connection.execute(_MOMENT, (stream, kind_of(self._board), version)).fetchone()
        return NEVER if row is None else moment_of(self._board, *row)

    def _told(
        self, stream: str, moment: Moment, version: int, at: datetime | None
    ) -> Sequence[Recorded[Fact]]:
        """What was told of the charger after `moment`: on its stream, and on those of its open transactions.

        Up to an instant, or (`at` None) to the event of that version.
        """
        told = self.events(stream, moment.version, version)
        last = told[-1].position if told and at is None else None
        for transaction in self._open(moment, told):
            upto = self._newest(transaction) if at is None else self.place(transaction, at).version
            after = 0 if moment.position == 0 else moment.position
            told += [
                one
                for one in self.events(transaction, 0, upto)
                if one.position > after and (last is None or one.position <= last)
            ]
        return sorted(told, key=lambda one: one.position)

    @staticmethod
    def _open(moment: Moment, told: Sequence[Recorded[Fact]]) -> list[str]:
        held = moment.tables.get(CONNECTORS.name, ())
        before = [row["last_transaction"] for row in held if row["session"] is not None]
        opened = [one.event.fact.transaction for one in told if isinstance(one.event.fact, TransactionOpened)]
        return list(dict.fromkeys((*before, *opened)))

    def recorded(self, row: tuple[Any, ...]) -> Recorded[Fact]:
        """A row of (position, topic, state, stream, version). Raises UnreadableEvent."""
        position, topic, state, stream, version = row
        return Recorded(position, self._decode(topic, bytes(state), stream, version))


def busy_chargers(connection: Link) -> list[ChargerId]:
    """Chargers whose newest moment is `EVERY` events old or more, as far as their snapshots tell."""
    asked = {"every": EVERY, "kind": kind_of(StatusBoard(FACTS))}
    streams = [stream for (stream,) in connection.execute(_BUSY, asked)]
    return [ChargerId(*stream.split("/", 2)[1:]) for stream in streams]
