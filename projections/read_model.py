"""What a read model is to the engine, and what the engine needs of the log: the two contracts."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec
from psycopg import Connection
from sqlalchemy import MetaData, create_mock_engine

from domain.event import Fact, Recorded
from projections.writes import Write

Link: TypeAlias = Connection[Any]
"""A psycopg connection; inside a hook it is in the engine's transaction and search_path."""


class Unreadable(msgspec.Struct, frozen=True):
    """A place in the log whose event cannot be read back: poison for those who want its topic."""

    position: int
    topic: str
    error: str


LogItem: TypeAlias = Recorded[Fact] | Unreadable


def topic_of(item: LogItem) -> str:
    """The stored name of the fact at this place of the log."""
    return item.topic if isinstance(item, Unreadable) else item.event.fact.TOPIC


class LogReader(Protocol):
    """The log as projections read it: in notification order, with no event ever appearing late."""

    def read(
        self, after: int, upto: int, limit: int, topics: frozenset[str] | None = None
    ) -> Sequence[LogItem]:
        """At most `limit` items with `after` < position ≤ `upto`, in order; None means all topics."""
        ...

    def head(self) -> int:
        """The position of the last committed event, 0 for an empty log."""
        ...

    def wait(self, timeout_s: float) -> None:
        """Return when something was appended, or after `timeout_s`; may return early, may miss an append."""
        ...

    def close(self) -> None:
        """Let go of connections; the next use opens them again."""
        ...


class ReadModel(Protocol):
    """Tables and the pure function that fills them from the log. Subclass it and inherit the hooks.

    Rows may depend on nothing but the events given to `project`, in log order: then a rebuild gives the
    same rows. Raise `version` whenever tables or `project` change; the engine then builds the new version
    beside the live one and swaps. Table names carry no schema: the engine sets the search_path. Every
    table has a primary key; secondary unique constraints and foreign keys are best left out.
    """

    name: str
    """Never changes; the key of the read model's position."""
    version: int
    tables: MetaData
    topics: frozenset[str]
    """The facts' TOPICs of interest; `project` sees no others."""

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """What this event changes. Pure: no I/O, no clock, no memory of earlier events."""
        ...

    def create(self, connection: Link) -> None:
        """Create the tables in the first schema of the search_path; override for what MetaData cannot say."""
        create_tables(connection, self.tables)

    def prepare(self, connection: Link, writes: Sequence[Write]) -> None:
        """Called in the transaction of a batch before its writes; make partitions here."""
        del connection, writes

    def finish(self, connection: Link, writes: Sequence[Write]) -> None:
        """Called in the transaction of a batch after its writes; bring tables derived from them up to date.

        What it leaves may depend on the log up to here alone, not on where batches began and ended.
        """
        del connection, writes


def create_tables(connection: Link, tables: MetaData) -> None:
    """Run the CREATE statements of `tables`, unchecked: tables of these names may be in another schema."""

    def execute(ddl: Any, *_: object, **__: object) -> None:
        connection.execute(str(ddl.compile(dialect=mock.dialect)).encode())

    mock = create_mock_engine("postgresql+psycopg://", execute, paramstyle="named")
    tables.create_all(mock, checkfirst=False)
