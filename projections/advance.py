"""One batch of the log into the rows of read models: rows and position in one transaction, exactly once."""

import logging
from collections.abc import Sequence

import psycopg

from projections.positions import Place, PositionTaken, advance, stop
from projections.read_model import Link, LogItem, ReadModel, Unreadable, topic_of
from projections.schemas import enter_place
from projections.statements import execute_writes
from projections.writes import Write

logger = logging.getLogger("zeus.projections")

_PASSING = ("08", "40", "53", "55", "57", "58")
"""SQLSTATE classes that speak of the server, not of the event: connection, rollback, resources, locks."""


class Run:
    """A read model at work at a place: live, or being built beside the live one."""

    __slots__ = ("model", "place", "position", "stopped")

    def __init__(self, model: ReadModel, place: Place, position: int, *, stopped: bool = False) -> None:
        self.model = model
        self.place: Place = place
        self.position = position
        self.stopped = stopped

    def __repr__(self) -> str:
        return f"{self.model.name} {self.model.version} ({self.place}) at {self.position}"


class EventUnreadable(ValueError):
    """An event of the log cannot be decoded; the read models that want it stop before it."""


class ProjectionFailed(RuntimeError):
    """`project` raised for one event; its cause says why."""

    def __init__(self, run: Run, index: int) -> None:
        super().__init__(repr(run))
        self.run = run
        self.index = index


def advance_together(connection: Link, runs: Sequence[Run], items: Sequence[LogItem], upto: int) -> None:
    """Bring `runs`, all at one position, to `upto`; `items` is what the log holds in between.

    One transaction for all; if anything fails, each proceeds alone, as far as it gets. Raises what speaks
    of the server or of another writer, with nothing changed.
    """
    if _attempt(connection, runs, items, upto) is None:
        return
    for run in runs:
        wanted = [item for item in items if topic_of(item) in run.model.topics]
        advance_alone(connection, run, wanted, upto)


def advance_alone(connection: Link, run: Run, items: Sequence[LogItem], upto: int) -> None:
    """Bring one run to `upto`, or stop it visibly before the event that it cannot take."""
    if error := _attempt(connection, [run], items, upto):
        _narrow(connection, run, items, upto, error)


def _attempt(connection: Link, runs: Sequence[Run], items: Sequence[LogItem], upto: int) -> Exception | None:
    """All of it, or nothing and the error that is an event's or a read model's fault."""
    try:
        with connection.transaction():
            apply(connection, runs, items, upto)
    except Exception as error:
        if is_passing(error):
            raise
        return error
    for run in runs:
        run.position, run.stopped = upto, False
    return None


def _narrow(connection: Link, run: Run, items: Sequence[LogItem], upto: int, error: Exception) -> None:
    """Commit what comes before the poison event. The database does not name it: halve until it is alone."""
    if len(items) <= 1:
        _stop(connection, run, items, error)
        return
    # A failed projection names its event: cut before it, and then behind it, where it comes first.
    cut = max(error.index, 1) if isinstance(error, ProjectionFailed) else len(items) // 2
    for part, end in ((items[:cut], items[cut - 1].position), (items[cut:], upto)):
        if not run.stopped:
            advance_alone(connection, run, part, end)


def _stop(connection: Link, run: Run, items: Sequence[LogItem], error: Exception) -> None:
    where = items[0].position if items else None
    stop_visibly(connection, run, error, where)


def stop_visibly(connection: Link, run: Run, error: Exception, where: int | None) -> None:
    """Record in the positions table and in the log that `run` stopped, at which event and why."""
    cause = error.__cause__ if isinstance(error, ProjectionFailed) and error.__cause__ else error
    text = f"{type(cause).__name__}: {cause}"
    stop(connection, (run.model.name, run.place, run.model.version), text, where)
    run.stopped = True
    logger.error("read model %r stopped at event %s: %s", run, where, text, exc_info=cause)


def apply(connection: Link, runs: Sequence[Run], items: Sequence[LogItem], upto: int) -> None:
    """Within the caller's transaction: move the positions, which keeps other writers out, then the rows."""
    advance(connection, [(r.model.name, r.place, r.model.version, r.position) for r in runs], upto)
    place: Place | None = None
    topics = [topic_of(item) for item in items]
    present = frozenset(topics)
    for run in runs:
        writes = [] if present.isdisjoint(run.model.topics) else _writes(run, items, topics)
        if not writes:
            continue
        if run.place != place:
            place = run.place
            enter_place(connection, place)
        run.model.prepare(connection, writes)
        execute_writes(connection, writes)
        run.model.finish(connection, writes)


def _writes(run: Run, items: Sequence[LogItem], topics: Sequence[str]) -> list[Write]:
    writes: list[Write] = []
    wanted = run.model.topics
    for index, item in enumerate(items):
        if topics[index] not in wanted:
            continue
        try:
            if isinstance(item, Unreadable):
                raise EventUnreadable(item.error)
            writes.extend(run.model.project(item))
        except Exception as error:
            raise ProjectionFailed(run, index) from error
    return writes


def is_passing(error: Exception) -> bool:
    """Whether an error may be gone at the next attempt: not the fault of an event."""
    if isinstance(error, PositionTaken | psycopg.InterfaceError):
        return True
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return True
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    return state is not None and state[:2] in _PASSING
