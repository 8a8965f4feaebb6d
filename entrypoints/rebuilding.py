"""Every read model built anew at once: divided among processes, each of which reads the log once for its share."""

import multiprocessing
import multiprocessing.connection
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeAlias, cast

import psycopg

from application import clock
from entrypoints.privacy import subjects_of
from entrypoints.settings import Settings
from entrypoints.wiring import open_log
from projections.catalogue import READ_MODELS
from projections.engine import connect_projector
from projections.read_model import ReadModel
from projections.rebuild import Progress, Rebuilt, rebuild_together

Outcome: TypeAlias = dict[str, Rebuilt] | Exception
Pipe: TypeAlias = "Connection[Any, Any]"
MOST = 4
"""Processes, however many cores there are: Postgres needs some too."""
LOOK_S = 0.5
_COSTS = {
    "status_board": 7.6,
    "message_log": 7.5,
    "attempts": 4.7,
    "availability": 4.5,
    "meter_samples": 3.6,
    "sessions": 3.3,
    "session_figures": 2.8,
}
"""Seconds that each took of a log of 200,000 events (`zeus bench`); any other took less than half a second. Only how
evenly the work is divided hangs on this."""
_STANDING = """
    SELECT min(position), (SELECT max(notification_id) FROM eventstore.stored_events)
    FROM public.zeus_read_models WHERE place = 'building' AND name = ANY(%s)
"""


class ShareLost(RuntimeError):
    """A process that built read models was killed, or ran out of memory; what it had built is resumed next time."""


def processes() -> int:
    """As many as there are cores."""
    return min(
        MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


def shares(models: Sequence[ReadModel], number: int) -> list[list[str]]:
    """The names of the models in so many shares, or fewer, with about the same work in each."""
    found: list[list[str]] = [[] for _ in range(max(1, min(number, len(models))))]
    work = [0.0] * len(found)
    for name in sorted((model.name for model in models), key=lambda name: (-_COSTS.get(name, 0.1), name)):
        least = work.index(min(work))
        found[least].append(name)
        work[least] += _COSTS.get(name, 0.1)
    return found


def rebuild_divided(
    url: str,
    settings: Settings,
    models: Sequence[ReadModel],
    number: int,
    on_progress: Callable[[Progress], None],
    *,
    verify: bool = False,
    fresh: bool = False,
) -> dict[str, Rebuilt]:
    """Build the models of the catalogue in `number` processes, and swap each in when its share is done; by name.

    Raises what `rebuild_together` raises, once all shares have ended, and ShareLost.
    """
    names, began = [model.name for model in models], clock.monotonic()
    outcomes: list[Outcome] = []
    with (
        _started(url, settings, shares(models, number), verify=verify, fresh=fresh) as running,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        while running:
            ended = multiprocessing.connection.wait(running, timeout=LOOK_S)
            outcomes += [_outcome(pipe) for pipe in running if pipe in ended]
            running = [pipe for pipe in running if pipe not in ended]
            position, head = connection.execute(_STANDING, [names]).fetchone() or (None, None)
            if position and head:  # before the first batch, and behind the last, nothing is being built
                on_progress(Progress(position, head, position / max(clock.monotonic() - began, 1e-6)))
    built: dict[str, Rebuilt] = {}
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        built |= outcome
    return {name: built[name] for name in names}


@contextmanager
def _started(
    url: str, settings: Settings, divided: Sequence[Sequence[str]], *, verify: bool, fresh: bool
) -> Iterator[list[Pipe]]:
    """A process for each share, and the pipe that tells its outcome; none outlives the context."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    try:
        for names in divided:
            ours, theirs = context.Pipe(duplex=False)
            arguments = (theirs, url, settings, names, verify, fresh)
            process = context.Process(target=_share, args=arguments, daemon=True)
            process.start()
            theirs.close()  # so that ours ends when the process does
            pipes.append(ours)
            processes.append(process)
        yield list(pipes)
    finally:
        for process in processes:
            process.terminate()
            process.join()
        for pipe in pipes:
            pipe.close()


def _outcome(pipe: Pipe) -> Outcome:
    try:
        return cast(Outcome, pipe.recv())
    except EOFError:
        return ShareLost()


def _share(
    pipe: Pipe,
    url: str,
    settings: Settings,
    names: Sequence[str],
    verify: bool,
    fresh: bool,
) -> None:
    chosen = [model for model in READ_MODELS if model.name in names]
    try:
        with (
            closing(subjects_of(url, settings)) as subjects,
            closing(open_log(url, subjects)) as log,
            connect_projector(url) as connection,
        ):
            pipe.send(rebuild_together(connection, log, chosen, lambda at: None, verify=verify, fresh=fresh))
    except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
        pipe.send(error)
