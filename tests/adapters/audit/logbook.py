"""A log to tamper with: events of two tenants, gaps where commits were refused, a sealer when it is wanted."""

from typing import Any

import psycopg
from eventsourcing.persistence import StoredEvent

from adapters.audit import tree_schema
from adapters.audit.sealer import Sealer, connected
from adapters.audit.tiles import Tree
from adapters.eventstore import schema
from adapters.eventstore.datastore import EventDatastore
from adapters.eventstore.recorder import EventRecorder


class Logbook:
    """Appends through the recorder, as gateways do."""

    def __init__(self, dsn: str) -> None:
        tree_schema.create(dsn)
        self.dsn = dsn
        self._datastore = EventDatastore(dsn, schema=schema.SCHEMA, connections=1)
        self._recorder = EventRecorder(self._datastore)
        self._versions: dict[str, int] = {}
        self.connection: psycopg.Connection[Any] = connected(dsn)

    def add(self, count: int, tenant: str = "zeus") -> None:
        """Events on a few streams, sixteen in a commit."""
        for at in range(0, count, 16):
            unit = [self._next(tenant, n) for n in range(at, min(at + 16, count))]
            assert isinstance(self._recorder.insert_units([unit])[0], list)

    def refuse(self) -> None:
        """A commit that conflicts: it draws a number and gives it back to nobody."""
        stream = next(iter(self._versions))
        unit = [StoredEvent(stream, 1, "charger.noted", b"{}")]
        assert not isinstance(self._recorder.insert_units([unit])[0], list)

    def _next(self, tenant: str, n: int) -> StoredEvent:
        stream = f"charger/{tenant}/CP-{n % 3}"
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        return StoredEvent(
            stream, version, "charger.noted", b'{"n":%d,"of":"%s"}' % (version, tenant.encode())
        )

    def seal(self) -> int:
        """Seal what there is."""
        return Sealer(self.connection).catch_up()

    def tree(self) -> Tree:
        """The tree of this moment."""
        return Tree(self.connection)

    def do(self, statement: str, *values: Any) -> None:
        """What somebody does who may do everything."""
        self.connection.execute("RESET ROLE")
        # Nothing less gets past the trigger.
        self.connection.execute("SET session_replication_role = replica")
        self.connection.execute(statement.encode(), values)
        self.connection.execute("SET session_replication_role = origin")
        self.connection.execute("SET ROLE zeus_engine")

    def positions(self) -> list[int]:
        """Of every event."""
        rows = self.connection.execute("SELECT notification_id FROM eventstore.stored_events ORDER BY 1")
        return [position for (position,) in rows]

    def close(self) -> None:
        """Let go of the database."""
        self.connection.close()
        self._datastore.close()
