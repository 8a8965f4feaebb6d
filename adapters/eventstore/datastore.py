"""The connections of the event store: a pool that comes back by itself and never waits for ever."""

from collections.abc import Callable
from typing import Any

from eventsourcing.postgres import PostgresDatastore
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg.sql import SQL

from projections.row_security import GATEWAY

_ACQUIRE_S = 3.0
_STATEMENT_MS = 20_000


class EventDatastore(PostgresDatastore):
    """The library's datastore for any libpq address (its own takes five fields of one only)."""

    def __init__(self, dsn: str, *, schema: str, connections: int, role: str = GATEWAY) -> None:
        """Nothing is opened before the first use. `connections` is the most there will be.

        `role` is what they work as, whoever the user of `dsn` is; `none` is that user.
        """
        self._role = role
        super().__init__(
            dbname="", host="", port="", user="", password="",
            connect_timeout=_ACQUIRE_S, pool_size=1, max_overflow=connections - 1,
            schema=schema, originator_id_type="text",
        )  # fmt: skip
        defaults: dict[str, Any] = {
            "connect_timeout": 3,
            "tcp_user_timeout": 10_000,  # ms; a silent network is found out before patience ends
            "keepalives_idle": 10,
            "fallback_application_name": "zeus event store",
        }
        self.pool.kwargs = {**defaults, **conninfo_to_dict(dsn), "row_factory": dict_row}
        # A pool that gave up tries again at the next request; with the default it would wait minutes
        # between two attempts after a long outage.
        self.pool.reconnect_timeout = 2.0

    def after_connect_func(self) -> Callable[[Connection[Any]], None]:
        """Every connection commits each statement, gives up on one that hangs, and is not the owner's."""

        def prepare(connection: Connection[Any]) -> None:
            connection.autocommit = True
            prepared = SQL("SET ROLE {}; SET statement_timeout = {}").format(self._role, _STATEMENT_MS)
            connection.execute(prepared)

        return prepare

    def register_type_adapters(self) -> None:
        """None needed: our statements take arrays, not composites, and so nothing connects before use."""
