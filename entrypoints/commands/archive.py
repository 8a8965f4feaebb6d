"""`zeus archive`: the event log as compressed files, and how commands read such a folder again."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from psycopg.sql import SQL, Identifier
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from adapters.eventstore import schema
from adapters.exports import archive as archiving
from adapters.exports.archive import ArchiveManifest, ArchiveProgress, Part
from adapters.exports.archived_log import ArchivedLog
from adapters.exports.folder import FolderNotEmpty, ManifestUnreadable, damage, read_manifest
from adapters.privacy.opening import decoding
from adapters.privacy.subjects import Subjects
from domain.catalogue import FACTS
from entrypoints.commands.export import check
from entrypoints.commands.opening import AsJson, actor, cause, console, database, errors, print_json, refuse
from entrypoints.commands.reading import moment
from entrypoints.crossing import cross_at
from entrypoints.settings import Settings
from projections.row_security import CROSS

_AT = SQL("SELECT encode(sha256(state), 'hex') FROM {} WHERE notification_id = %s").format(
    Identifier(schema.SCHEMA, schema.EVENTS)
)
_EMPTY = SQL("SELECT NOT EXISTS (SELECT FROM {} WHERE topic <> 'crossing.begun')").format(
    Identifier(schema.SCHEMA, schema.EVENTS)
)
"""That somebody looks at it is recorded, and is no log yet."""


def archive(
    out: Annotated[
        Path | None, typer.Option(help="The folder to write; it must be empty, or not exist yet.")
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option("--from", help="Stored at or after: 2026-05-01, or 30d. Left out: everything."),
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Stored before.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant alone; left out: of all.")] = None,
    verify: Annotated[
        Path | None, typer.Option(help="Write nothing: read the files of this folder again and compare them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the event log, or a part of it, to compressed files, byte for byte as it is stored.

    `zeus rebuild --all --from-archive FOLDER` makes read models of it in any database. What is sealed stays
    sealed: the vault is not in it.

    Example: `zeus archive --out log-2026-05`

    Example: `zeus archive --verify log-2026-05`
    """
    if verify is not None:
        check(verify, ArchiveManifest, as_json=as_json)
        return
    if out is None:
        raise refuse("Where to? Say --out FOLDER, or --verify FOLDER to check one.")
    part = Part(moment(begin), moment(end), tenant)
    try:
        settings = Settings()
        with database(settings) as url, _bar() as on_progress:
            asyncio.run(cross_at(url, settings.tenant, actor(), "zeus archive", cause()))
            manifest, sha256 = archiving.archive(url, out, part, version("zeus-csms"), on_progress)
    except FolderNotEmpty:
        raise refuse(f"There is something in {out} already: name an empty folder.") from None
    if as_json:
        print_json({"manifest": manifest, "manifest_sha256": sha256})
        return
    console.print(f"{manifest.events} events up to {manifest.head} in {len(manifest.segments)} files.")
    errors.print(f"{out}: written. SHA-256 of its manifest: {sha256}", soft_wrap=True)


def sound_archive(folder: Path) -> ArchiveManifest:
    """What is in a folder, every file of which is what was written; refuses any other."""
    try:
        manifest = read_manifest(folder, ArchiveManifest)
    except ManifestUnreadable:
        raise refuse(
            f"{folder} is no archive that can be read: `zeus archive --out FOLDER` makes one."
        ) from None
    if manifest.format_version != archiving.FORMAT_VERSION:
        raise refuse(f"{folder} was written by a newer Zeus ({manifest.code_version}): use that one.")
    if found := damage(folder, manifest.files()):
        raise refuse(f"{folder} is damaged: {found[0]} `zeus archive --verify {folder}` tells all.")
    return manifest


def open_archive(folder: Path, manifest: ArchiveManifest, subjects: Subjects | None = None) -> ArchivedLog:
    """The archive as read models read it."""
    return ArchivedLog(folder, manifest, decoding(FACTS, subjects))


def is_its_own(url: str, manifest: ArchiveManifest) -> bool:
    """Whether the archive is of the log of this database; False where that log is empty. Refuses any other.

    Read models of one log beside another log would be wrong from the first new event on.
    """
    with psycopg.connect(url) as connection:
        connection.execute(CROSS)
        if connection.execute(_EMPTY).fetchone() == (True,):
            return False
        last = manifest.segments[-1] if manifest.segments and manifest.complete else None
        if last is None or connection.execute(_AT, [last.last]).fetchone() != (last.last_sha256,):
            raise refuse(
                "This database has a log of its own, and the archive is not all of it: give it the archive of its "
                "whole log, or name an empty database in DATABASE_URL."
            )
    return True


@contextmanager
def _bar() -> Iterator[Callable[[ArchiveProgress], None]]:
    columns = (
        TextColumn("archive"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True) as progress:
        task = progress.add_task("archive", total=None, rate="")

        def on_progress(at: ArchiveProgress) -> None:
            rate = f"{at.events_per_s:,.0f} events/s"
            progress.update(task, completed=at.position, total=at.head, rate=rate)

        yield on_progress
