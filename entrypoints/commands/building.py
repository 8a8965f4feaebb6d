"""What building read models needs: the connection that writes, where the log comes from, and a bar."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from entrypoints.commands.archive import is_its_own, open_archive, sound_archive
from entrypoints.commands.opening import actor, cause, errors
from entrypoints.crossing import cross_at
from entrypoints.privacy import subjects_of
from entrypoints.settings import Settings
from entrypoints.wiring import open_log
from projections import rebuild as rebuilding
from projections.engine import connect_projector
from projections.positions import ensure_positions
from projections.read_model import LogReader


@contextmanager
def projector(url: str, purpose: str) -> Iterator["psycopg.Connection[Any]"]:
    """The connection that writes read models, their table of positions made; `purpose` is recorded."""
    asyncio.run(cross_at(url, Settings().tenant, actor(), purpose, cause()))
    with connect_projector(url) as connection:
        ensure_positions(connection)
        yield connection


@contextmanager
def source(url: str, settings: Settings, from_archive: Path | None) -> Iterator[LogReader]:
    """The log of the database, or that of an archive. Words about tokens can be read beside their vault alone."""
    manifest = None if from_archive is None else sound_archive(from_archive)
    subjects = None if manifest and not is_its_own(url, manifest) else subjects_of(url, settings)
    archived = manifest and from_archive and open_archive(from_archive, manifest, subjects)
    log = archived or open_log(url, subjects)
    try:
        yield log
    finally:
        log.close()
        if subjects is not None:
            subjects.close()


@contextmanager
def bar(name: str) -> Iterator[Callable[[rebuilding.Progress], None]]:
    """Events passed, share, rate and time left; on a terminal only."""
    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True) as progress:
        task = progress.add_task(name, total=None, rate="")

        def on_progress(at: rebuilding.Progress) -> None:
            rate = f"{at.events_per_s:,.0f} events/s"
            progress.update(task, completed=at.position, total=at.head, rate=rate)

        yield on_progress
