"""Read models that are not ours: built from the log by whoever wrote them, each in a schema of its own.

No engine follows them and `zeus_read_models` does not know them: a server neither runs nor waits for them. What is
known of one stands in the comment of its schema.
"""

import re
import time
from collections.abc import Callable, Iterable, Sequence

import msgspec
from psycopg.sql import SQL, Composed, Identifier, Literal

from projections.advance import is_passing
from projections.columns import TableWithoutKey, shape_of
from projections.read_model import Link, LogItem, LogReader, ReadModel, Unreadable
from projections.rebuild import BATCH, Progress, RebuildUnderway, TableCount, count
from projections.schemas import table_names
from projections.statements import execute_writes
from projections.writes import Write

PREFIX = "own_"
_BUILDING = "own_building_"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LOCK_TIMEOUT = "5s"


class OwnModelRefused(ValueError):
    """This read model cannot be built; the message says what to change in its file."""


class OwnModelStopped(RuntimeError):
    """The read model could not take an event, and the tables it had before are as they were."""


class Built(msgspec.Struct, frozen=True):
    """What a build came to, and what the comment of the schema says."""

    name: str
    version: int
    position: int
    """The last event that is in the rows."""
    file_sha256: str
    tables: tuple[TableCount, ...]


def check(model: ReadModel, known: Iterable[str]) -> None:
    """Whether it can be built at all; `known` are the topics there are. Raises OwnModelRefused."""
    if not _NAME.fullmatch(model.name):
        raise OwnModelRefused(f"{model.name!r} is no name: small letters, digits and _, at most 40.")
    if not model.tables.tables:
        raise OwnModelRefused(f"{model.name} has no tables: nothing would be seen of it.")
    for table in model.tables.tables.values():
        if table.schema is not None:
            raise OwnModelRefused(
                f"{table.name} names a schema: leave it out, it becomes {schema_of(model.name)}."
            )
        try:
            shape_of(table)
        except TableWithoutKey:
            raise OwnModelRefused(f"{table.name} needs a primary key: a write names a row by it.") from None
    if unknown := sorted(model.topics - set(known)):
        raise OwnModelRefused(
            f"There are no events called {', '.join(unknown)}: docs/events.md has them all."
        )


def schema_of(name: str) -> str:
    """Where the tables of a read model of that name are."""
    return PREFIX + name


def build(
    connection: Link,
    log: LogReader,
    model: ReadModel,
    on_progress: Callable[[Progress], None],
    *,
    file_sha256: str = "",
    batch: int = BATCH,
) -> Built:
    """Build the tables from the first event up to now, and put them in the place of those that were there.

    `connection` is one of `connect_projector`'s. Batches are transactions of their own, so that nothing of
    the server waits. Raises OwnModelRefused, OwnModelStopped, RebuildUnderway, and
    psycopg.errors.LockNotAvailable where a long query keeps the former tables.
    """
    connection.execute("SET ROLE NONE")  # its tables are the owner's, and hold what the analyst put there
    lock = f"zeus own read model {model.name}"
    taken = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [lock]).fetchone()
    if taken != (True,):
        raise RebuildUnderway(model.name)
    try:
        _begin(connection, model)
        position = _fill(connection, log, model, on_progress, batch)
        schema = _BUILDING + model.name
        tables = tuple(count(connection, schema, name) for name in table_names(model))
        built = Built(model.name, model.version, position, file_sha256, tables)
        _put_in_place(connection, built)
        return built
    finally:
        if not connection.closed:
            connection.execute(_drop(_BUILDING + model.name))
            connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [lock])


def _begin(connection: Link, model: ReadModel) -> None:
    with connection.transaction():
        connection.execute(_drop(_BUILDING + model.name))
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(_BUILDING + model.name)))
        _enter(connection, model)
        model.create(connection)


def _fill(
    connection: Link, log: LogReader, model: ReadModel, on_progress: Callable[[Progress], None], batch: int
) -> int:
    position, head, began = 0, log.head(), time.monotonic()
    while position < head:
        items = log.read(position, head, batch, model.topics)
        writes = _writes(model, items)
        if writes:
            _write(connection, model, items, writes)
        position = items[-1].position if len(items) == batch else head
        on_progress(Progress(position, head, position / max(time.monotonic() - began, 1e-6)))
    return head


def _write(connection: Link, model: ReadModel, items: Sequence[LogItem], writes: Sequence[Write]) -> None:
    try:
        with connection.transaction():
            _enter(connection, model)
            model.prepare(connection, writes)
            execute_writes(connection, writes)
            model.finish(connection, writes)
    except Exception as error:
        if is_passing(error):
            raise
        told = f"events {items[0].position} to {items[-1].position}: {type(error).__name__}: {error}"
        raise OwnModelStopped(told) from error


def _writes(model: ReadModel, items: Sequence[LogItem]) -> list[Write]:
    own = set(model.tables.tables.values())
    writes: list[Write] = []
    for item in items:
        if isinstance(item, Unreadable):
            raise OwnModelStopped(f"event {item.position} ({item.topic}) cannot be read: {item.error}")
        try:
            made = list(model.project(item))
        except Exception as error:
            told = f"event {item.position} ({item.event.fact.TOPIC}): {type(error).__name__}: {error}"
            raise OwnModelStopped(told) from error
        for write in made:
            if write.table not in own:
                raise OwnModelRefused(
                    f"{model.name} writes into {write.table.name}, which is none of its tables."
                )
        writes += made
    return writes


def _put_in_place(connection: Link, built: Built) -> None:
    schema, building = Identifier(schema_of(built.name)), Identifier(_BUILDING + built.name)
    about = msgspec.json.encode(built).decode()
    with connection.transaction():
        connection.execute("SELECT set_config('lock_timeout', %s, true)", [_LOCK_TIMEOUT])
        connection.execute(_drop(schema_of(built.name)))
        connection.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(building, schema))
        connection.execute(SQL("COMMENT ON SCHEMA {} IS {}").format(schema, Literal(about)))


def _enter(connection: Link, model: ReadModel) -> None:
    """Its own schema and no other: a name that is not its own is not found."""
    connection.execute("SELECT set_config('search_path', %s, true)", [_BUILDING + model.name])


def _drop(schema: str) -> Composed:
    return SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(schema))
