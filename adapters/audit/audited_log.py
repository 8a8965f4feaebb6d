"""The port `application.audit.AuditedLog` on Postgres, and the checkpoints that stand in the log."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from adapters.audit.sealer import Sealer, connected
from adapters.audit.tiles import Tree
from adapters.eventstore import schema
from application.audit import Head, Published
from domain.audit.events import CheckpointPublished
from domain.audit.keys import checkpoints_stream
from domain.event import Told

_EVENTS = Identifier(schema.SCHEMA, schema.EVENTS)
_CHECKPOINTS = SQL("""
    SELECT notification_id, originator_version, state FROM {events}
     WHERE originator_id = %s AND originator_version < %s
     ORDER BY originator_version DESC LIMIT %s
""").format(events=_EVENTS)
_TENANT = SQL("""
    SELECT split_part(originator_id, '/', 2) FROM {events}
     WHERE originator_id > 'audit/' AND originator_id < 'audit0'
       AND originator_id LIKE 'audit/%%/checkpoints' AND originator_version = 1
     LIMIT 1
""").format(events=_EVENTS)
ALL = 1 << 62


class _State(msgspec.Struct, frozen=True):
    fact: CheckpointPublished
    told: Told


_DECODE = msgspec.json.Decoder(_State).decode


def checkpoints(
    connection: Connection[Any], tenant: str, *, before: int = ALL, limit: int = ALL
) -> list[Published]:
    """Those of the log, the newest first; `before` is a version of their stream."""
    found = []
    for position, version, state in connection.execute(
        _CHECKPOINTS, [checkpoints_stream(tenant), before, limit], binary=True
    ):
        decoded = _DECODE(state)
        found.append(Published(position, version, decoded.told.recorded_at, decoded.fact))
    return found


def checkpoint_tenant(connection: Connection[Any]) -> str:
    """The tenant of the settings, under which the checkpoints of all stand; empty where there are none."""
    row = connection.execute(_TENANT, []).fetchone()
    return row[0] if row else ""


def covering(found: Sequence[Published], size: int) -> Published | None:
    """The oldest checkpoint of these (the newest first) over at least `size` events."""
    return next((one for one in reversed(found) if one.fact.size >= size), None)


@contextmanager
def at_rest(dsn: str) -> Iterator[Connection[Any]]:
    """A connection on which neither the log nor the tree moves."""
    with psycopg.connect(dsn, application_name="zeus audit") as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL ROLE zeus_engine")
        yield connection


def seal_if_nobody_does(dsn: str) -> None:
    """Bring the tiles up to the log, where no projector is at work that does."""
    with connected(dsn) as connection:
        sealer = Sealer(connection)
        if sealer.lead():
            sealer.catch_up()


class PostgresAuditedLog:
    """Opens a connection for each question: they are asked once an hour."""

    def __init__(self, dsn: str, tenant: str) -> None:
        self._dsn, self._tenant = dsn, tenant

    def newest(self) -> Published | None:
        """See the port."""
        with psycopg.connect(self._dsn) as connection:
            connection.execute("SET LOCAL ROLE zeus_engine")
            return next(iter(checkpoints(connection, self._tenant, limit=1)), None)

    def head(self, before: int) -> Head:
        """See the port."""
        seal_if_nobody_does(self._dsn)
        with at_rest(self._dsn) as connection:
            tree = Tree(connection)
            tree.keep_tail()
            # A log that was cut shorter than the checkpoint has no such root.
            root_before = tree.root(before) if before <= tree.size else b""
            return Head(tree.size, tree.root(), root_before)
