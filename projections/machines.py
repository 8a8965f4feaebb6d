"""State machines of chargers, kept between batches: one row a charger, loaded for those that a batch speaks of.

A machine's next step depends on its own state and on what it is fed, in log order; so where batches begin and
end makes no difference to the rows that come of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from psycopg.sql import SQL, Identifier
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from projections.read_model import Link
from projections.writes import Upsert, Write

S = TypeVar("S", bound=msgspec.Struct)

Who = tuple[str, str]
"""Tenant and charger."""


def machines_table(name: str, metadata: MetaData) -> Table:
    """The table that machines are laid down in."""
    return Table(
        name,
        metadata,
        Column("tenant", Text(collation="C"), primary_key=True),
        Column("charger", Text(collation="C"), primary_key=True),
        Column("position", BigInteger, nullable=False),  # of what it was fed last
        Column("state", Text, nullable=False),  # JSON
        postgresql_with={"fillfactor": 50},
    )


def who_in(row: Mapping[str, Any]) -> Who:
    """Whose machine a row of signals is for."""
    return row["tenant"], row["charger"]


class Machines(Generic[S]):
    """The machines of one kind."""

    def __init__(self, table: Table, kind: type[S]) -> None:
        """`kind` can be made without arguments: the state of a charger nobody has heard of."""
        self._table = table
        self._kind = kind
        self._decode = msgspec.json.Decoder(kind).decode
        self._load = SQL(
            "SELECT s.tenant, s.charger, s.state FROM {} s JOIN unnest(%s::text[], %s::text[]) "
            "AS w(tenant, charger) ON s.tenant = w.tenant AND s.charger = w.charger"
        ).format(Identifier(table.name))

    def load(self, connection: Link, chargers: Iterable[Who]) -> dict[Who, S]:
        """Where the machines of these chargers stand."""
        wanted = sorted(set(chargers))
        rows = connection.execute(self._load, [[who[n] for who in wanted] for n in (0, 1)])
        found = {(row[0], row[1]): self._decode(row[2]) for row in rows}
        return {who: found.get(who) or self._kind() for who in wanted}

    def laid_down(self, states: Mapping[Who, S], rows: Sequence[Mapping[str, Any]]) -> list[Write]:
        """The writes that keep the machines, after they were fed with `rows`."""
        last = {who_in(row): row["position"] for row in rows}
        return [
            Upsert(
                self._table,
                who,
                {"position": position, "state": msgspec.json.encode(states[who]).decode()},
            )
            for who, position in last.items()
        ]
