"""`zeus export`: datasets for analysts as Parquet, and the check that they are still what was written."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from adapters.exports import parquet
from adapters.exports.archive import ArchiveManifest
from adapters.exports.columns import AnalysisNotInstalled
from adapters.exports.datasets import DATASETS, Dataset
from adapters.exports.folder import FolderNotEmpty, ManifestUnreadable, damage, read_manifest
from adapters.exports.parquet import Manifest, NoSuchReadModel, Progress, Span
from adapters.exports.tokens import Pseudonyms
from application import clock
from entrypoints.commands.opening import AsJson, actor, cause, console, database, errors, print_json, refuse
from entrypoints.commands.reading import moment, show_table
from entrypoints.crossing import cross_at
from entrypoints.privacy import key_ring, subjects_of
from entrypoints.settings import Settings

CODE_VERSION = version("zeus-csms")


def export(
    out: Annotated[
        Path | None, typer.Option(help="The folder to write; it must be empty, or not exist yet.")
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="At or after: 2026-05-01, or 30d. Left out: everything.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Before. Left out: up to the last midnight (UTC).")
    ] = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be said several times.")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Of this tenant; ZEUS_TENANT where it is left out.")
    ] = None,
    all_tenants: Annotated[bool, typer.Option("--all-tenants", help="Of every tenant.")] = False,
    verify: Annotated[
        Path | None, typer.Option(help="Write nothing: read the files of this folder again and compare them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write sessions, samples, status reports and commands as Parquet, partitioned by tenant and date.

    The same range of the same log gives the same bytes. Tokens are pseudonyms. docs/analysis.md goes on from here.

    Example: `zeus export --from 2026-05-01 --to 2026-06-01 --out may`

    Example: `zeus export --dataset sessions --from 90d --out sessions`

    Example: `zeus export --verify may`
    """
    if verify is not None:
        check(verify, Manifest, as_json=as_json)
        return
    if out is None:
        raise refuse("Where to? Say --out FOLDER, or --verify FOLDER to check one.")
    settings = Settings()
    chosen = _chosen(dataset)
    span = Span(moment(begin), moment(end) or _midnight(), None if all_tenants else tenant or settings.tenant)
    try:
        manifest, sha256 = _exported(settings, out, chosen, span)
    except AnalysisNotInstalled:
        raise refuse(
            r"Parquet needs pyarrow: pip install 'zeus-csms\[analysis]', or pip install pyarrow."
        ) from None
    except FolderNotEmpty:
        raise refuse(f"There is something in {out} already: name an empty folder.") from None
    except NoSuchReadModel as error:
        raise refuse(
            f"The read models {error} do not exist yet: start `zeus serve` once, or `zeus rebuild --all`."
        ) from None
    if as_json:
        print_json({"manifest": manifest, "manifest_sha256": sha256})
        return
    show_table(
        ("Dataset", "Rows", "Files", "Up to event"),
        [
            (
                one.name,
                str(one.rows),
                str(len(one.files)),
                str(min(source.position for source in one.sources)),
            )
            for one in manifest.datasets
        ],
        right=("Rows", "Files", "Up to event"),
    )
    errors.print(f"{out}: written. SHA-256 of its manifest: {sha256}", soft_wrap=True)


def check(folder: Path, kind: type[Manifest | ArchiveManifest], *, as_json: bool) -> None:
    """Say what is not as the manifest has it; exit code 1 where anything is."""
    try:
        files = read_manifest(folder, kind).files()
    except ManifestUnreadable:
        raise refuse(
            f"{folder} has no manifest that can be read: it was not finished, or is something else."
        ) from None
    found = damage(folder, files)
    if as_json:
        print_json({"files": len(files), "damage": found})
    else:
        for sentence in found:
            console.print(f"✖ {sentence}", markup=False)
        if not found:
            console.print(f"{len(files)} files are what was written.")
    if found:
        raise typer.Exit(1)


def _exported(settings: Settings, out: Path, chosen: Sequence[Dataset], span: Span) -> tuple[Manifest, str]:
    with database(settings) as url:
        asyncio.run(cross_at(url, settings.tenant, actor(), "zeus export", cause()))
        subjects = subjects_of(url, settings)
        try:
            pseudonyms = Pseudonyms(key_ring(settings), subjects)
            with _bar(span) as on_progress:
                return parquet.export(url, out, chosen, span, pseudonyms, CODE_VERSION, on_progress)
        finally:
            subjects.close()


def _chosen(names: Sequence[str] | None) -> Sequence[Dataset]:
    known = {one.name: one for one in DATASETS}
    if unknown := sorted(set(names or ()) - known.keys()):
        raise refuse(f"There is no dataset {unknown[0]!r}. There are: {', '.join(known)}.")
    return [one for one in DATASETS if not names or one.name in names]


def _midnight() -> datetime:
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0)


@contextmanager
def _bar(span: Span) -> Iterator[Callable[[Progress], None]]:
    """The date that is written within the range, rows, and rows a second; on a terminal only."""
    columns = (
        TextColumn("{task.description:<15}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]}"),
    )
    with Bar(*columns, console=errors, disable=not errors.is_terminal, transient=True) as bar:
        tasks: dict[str, tuple[TaskID, datetime]] = {}  # the bar of a dataset, and where it begins

        def on_progress(at: Progress) -> None:
            day = datetime.combine(at.day, datetime.min.time(), span.end.tzinfo)
            if at.dataset not in tasks:
                first = span.begin or day
                days = max((span.end - first) / timedelta(days=1), 1)
                tasks[at.dataset] = bar.add_task(at.dataset, total=days, rows=""), first
            task, first = tasks[at.dataset]
            rows = f"{at.rows:,} rows, {at.rows_per_s:,.0f}/s"
            bar.update(task, completed=(day - first) / timedelta(days=1) + 1, rows=rows)

        yield on_progress
