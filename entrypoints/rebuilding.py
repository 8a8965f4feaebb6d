"""Every read model built anew at once: divided among processes, each of which reads the log once for its share."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import closing
from typing import NamedTuple

import psycopg

from entrypoints.privacy import subjects_of
from entrypoints.settings import Settings
from entrypoints.wiring import open_log
from projections.catalogue import READ_MODELS
from projections.engine import connect_projector
from projections.read_model import ReadModel
from projections.rebuild import Rebuilt, rebuild_together

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
_STANDING = "SELECT coalesce(min(position), 0) FROM public.zeus_read_models WHERE place = 'building' AND position >= 0"
_HEAD = "SELECT coalesce(max(notification_id), 0) FROM eventstore.stored_events"


class Standing(NamedTuple):
    """How far the slowest share is, and where the log ends."""

    position: int
    head: int


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
    tell: Callable[[Standing], None],
    *,
    verify: bool = False,
    fresh: bool = False,
) -> dict[str, Rebuilt]:
    """Build the models of the catalogue in `number` processes, and swap each in when its share is done; by name.

    Raises what `rebuild_together` raises, once all shares have ended.
    """
    divided = shares(models, number)
    with (
        ProcessPoolExecutor(len(divided), multiprocessing.get_context("spawn")) as pool,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        tasks = [pool.submit(_share, url, settings, names, verify, fresh) for names in divided]
        waiting = set(tasks)
        while waiting:
            _, waiting = wait(waiting, timeout=LOOK_S)
            tell(_standing(connection))
        built: dict[str, Rebuilt] = {}
        for task in tasks:
            built |= task.result()
    return {model.name: built[model.name] for model in models}


def _share(
    url: str, settings: Settings, names: Sequence[str], verify: bool, fresh: bool
) -> dict[str, Rebuilt]:
    chosen = [model for model in READ_MODELS if model.name in names]
    with (
        closing(subjects_of(url, settings)) as subjects,
        closing(open_log(url, subjects)) as log,
        connect_projector(url) as connection,
    ):
        return rebuild_together(connection, log, chosen, lambda at: None, verify=verify, fresh=fresh)


def _standing(connection: "psycopg.Connection[tuple[int]]") -> Standing:
    (position,) = connection.execute(_STANDING).fetchone() or (0,)
    (head,) = connection.execute(_HEAD).fetchone() or (0,)
    return Standing(position, head)
