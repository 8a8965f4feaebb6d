"""The recorder: many units in one statement, one transaction, one round trip; each unit all or nothing."""

from collections.abc import Sequence
from time import monotonic, sleep
from typing import Any, NamedTuple, cast

from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
    StoredEvent,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Connection
from psycopg.rows import DictRow
from psycopg.sql import SQL, Identifier

from adapters.eventstore import schema
from domain.identity import tenant_of
from projections.row_security import ENTER

Unit = Sequence[StoredEvent]
Result = list[int] | PersistenceError
"""The log positions of a unit, or why it is not stored."""

_LOOK_UP_S = 8.0
_LIMIT_EXCEEDED = "54"
"""SQLSTATE class of what is too large (a key above 2.7 KB): psycopg calls it operational, it is poison."""


class OutcomeUnknown(OperationalError):
    """The connection broke in mid-commit and the store did not come back in time to be asked."""


class _Stored(NamedTuple):
    topic: str
    state: bytes
    position: int


class EventRecorder(PostgresApplicationRecorder):
    """The library's application recorder: the same rows, order and exceptions, far fewer round trips."""

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = schema.EVENTS) -> None:
        """Connects to nothing."""
        super().__init__(datastore, events_table_name=events_table_name)
        where, table = datastore.schema, events_table_name
        self.channel_name = schema.CHANNEL
        self.sql_create_statements = schema.event_statements(where, table)
        self.lock_table_statements = [
            SQL("SELECT pg_advisory_xact_lock({})").format(schema.lock_key(where, table))
        ]
        self._append_statement = SQL(
            "SELECT {}(%b::text[], %b::bigint[], %b::text[], %b::bytea[]) AS positions"
        ).format(schema.append_function(where, table))
        self._look_up_statement = SQL("""
            SELECT e.originator_id, e.originator_version, e.topic, e.state, e.notification_id
            FROM unnest(%b::text[], %b::bigint[]) AS given(id, version)
            JOIN {}.{} e ON e.originator_id = given.id AND e.originator_version = given.version
        """).format(Identifier(where), Identifier(table))

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """One unit, as the library asks for it: positions, or the error is raised."""
        if kwargs.get("tracking") is not None:
            raise ProgrammingError("read models keep their own position; this log takes events alone")
        result = self.insert_units([stored_events])[0]
        if isinstance(result, PersistenceError):
            raise result
        return result

    def insert_units(self, units: Sequence[Unit]) -> list[Result]:
        """Commit independent units together; a result for each, in order.

        A unit that conflicts gets an IntegrityError and the others are stored. Where a commit's
        acknowledgement was lost, the rows are looked up and not written twice; where even that is
        impossible the result is OutcomeUnknown. Other OperationalErrors mean that nothing was sent.
        """
        results: list[Result | None] = [None] * len(units)
        now, later = _without_common_keys(units, results)
        self._insert(units, now, results)
        if later:  # by now they find what their rivals have stored, or have not
            for n, result in zip(later, self.insert_units([units[n] for n in later]), strict=True):
                results[n] = result
        return cast(list[Result], results)

    def _insert(self, units: Sequence[Unit], chosen: list[int], results: list[Result | None]) -> None:
        if not chosen:
            return
        sent = False
        try:
            with self.datastore.get_connection() as connection:
                sent = True
                self._append(connection, units, chosen, results)
        except IntegrityError:
            self._settle(units, chosen, results, ours=False)
        except UnicodeEncodeError as error:  # a stream id with half a surrogate pair
            self._halve(units, chosen, results, DataError(str(error)))
        except PersistenceError as error:
            if not _lost(error):  # one of them is poison: halve until it stands alone
                self._halve(units, chosen, results, error)
            elif sent:
                self._settle(units, chosen, results, ours=True)
            else:
                _give(results, chosen, error)

    def _halve(
        self, units: Sequence[Unit], chosen: list[int], results: list[Result | None], error: PersistenceError
    ) -> None:
        if len(chosen) == 1:
            _give(results, chosen, error)
            return
        middle = len(chosen) // 2
        self._insert(units, chosen[:middle], results)
        self._insert(units, chosen[middle:], results)

    def _append(
        self,
        connection: Connection[DictRow],
        units: Sequence[Unit],
        chosen: list[int],
        results: list[Result | None],
    ) -> None:
        events = [event for n in chosen for event in units[n]]
        positions: list[int] = []
        if events:
            row = connection.execute(
                self._append_statement,
                (
                    [event.originator_id for event in events],
                    [event.originator_version for event in events],
                    [event.topic for event in events],
                    [event.state for event in events],
                ),
                prepare=True,
                binary=True,
            ).fetchone()
            positions = cast(DictRow, row)["positions"]
        start = 0
        for n in chosen:
            end = start + len(units[n])
            results[n] = positions[start:end]
            start = end

    def _settle(
        self, units: Sequence[Unit], chosen: list[int], results: list[Result | None], *, ours: bool
    ) -> None:
        """Find out under the lock who is stored and who conflicts, and store the rest.

        `ours`: equal rows are our own commit, whose acknowledgement was lost.
        """
        deadline = monotonic() + _LOOK_UP_S
        while True:
            try:
                self._settle_once(units, chosen, results, ours=ours)
                return
            except PersistenceError as error:
                if not _lost(error):
                    self._halve(units, chosen, results, error)
                    return
                ours = True
                if monotonic() > deadline:
                    _give(results, chosen, OutcomeUnknown(str(error)))
                    return
                sleep(0.05)  # a broken connection of the pool fails at once: do not spin through them

    def _settle_once(
        self, units: Sequence[Unit], chosen: list[int], results: list[Result | None], *, ours: bool
    ) -> None:
        with self.datastore.get_connection() as connection, connection.transaction():
            for statement in self.lock_table_statements:
                connection.execute(statement)
            stored = self._look_up(connection, [event for n in chosen for event in units[n]])
            missing = []
            for n in chosen:
                found = [stored.get((event.originator_id, event.originator_version)) for event in units[n]]
                if not any(found):
                    missing.append(n)
                elif ours and _same(found, units[n]):
                    results[n] = [row.position for row in found if row is not None]
                else:
                    results[n] = _conflict(units[n])
            self._append(connection, units, missing, results)

    def _look_up(
        self, connection: Connection[DictRow], events: Sequence[StoredEvent]
    ) -> dict[tuple[Any, int], _Stored]:
        tenants = {tenant_of(str(event.originator_id)) for event in events}
        connection.execute(ENTER, [",".join(tenants)])
        keys = ([event.originator_id for event in events], [event.originator_version for event in events])
        return {
            (row["originator_id"], row["originator_version"]): _Stored(
                row["topic"], bytes(row["state"]), row["notification_id"]
            )
            for row in connection.execute(self._look_up_statement, keys, binary=True)
        }


def _without_common_keys(units: Sequence[Unit], results: list[Result | None]) -> tuple[list[int], list[int]]:
    """The units that can go in one statement, and those that want a version another one takes already."""
    taken: set[tuple[Any, int]] = set()
    now: list[int] = []
    later: list[int] = []
    for n, unit in enumerate(units):
        keys = [(event.originator_id, event.originator_version) for event in unit]
        if len(keys) > 1 and len(set(keys)) < len(keys):
            results[n] = _conflict(unit)
        else:
            (now if taken.isdisjoint(keys) else later).append(n)
            taken.update(keys)  # of those that wait too: nobody may overtake them
    return now, later


def _same(found: Sequence[_Stored | None], unit: Unit) -> bool:
    return all(
        row is not None and row.topic == event.topic and row.state == event.state
        for row, event in zip(found, unit, strict=True)
    )


def _lost(error: PersistenceError) -> bool:
    """Whether the store, and not the event, is the trouble."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return isinstance(error, OperationalError | InterfaceError) and not state.startswith(_LIMIT_EXCEEDED)


def _conflict(unit: Unit) -> IntegrityError:
    first = unit[0]
    return IntegrityError(f"version conflict: {first.originator_id} version {first.originator_version}")


def _give(results: list[Result | None], chosen: list[int], error: PersistenceError) -> None:
    for n in chosen:
        results[n] = error
