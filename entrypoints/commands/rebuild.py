"""`zeus rebuild` and `zeus read-models`: read models built anew from the log, and how they are doing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from entrypoints.commands.building import bar, projector, source
from entrypoints.commands.opening import AsJson, console, database, errors, print_json, refuse
from entrypoints.commands.reading import clean, show_table, span_text
from entrypoints.commands.rebuild_own import build_own
from entrypoints.rebuilding import ShareLost, processes, rebuild_divided
from entrypoints.settings import Settings
from projections import rebuild as rebuilding
from projections.catalogue import READ_MODELS
from projections.positions import Lag, lag
from projections.positions import resume as resume_read_model
from projections.read_model import ReadModel
from projections.rebuild import (
    LogEndsEarlier,
    RebuildStopped,
    RebuildUnderway,
    Rebuilt,
    rebuild_together,
)

Name = Annotated[str, typer.Argument(help="The read model; `zeus read-models` lists them.")]

app = typer.Typer(
    invoke_without_command=True,
    help="The read models: how far each is, and why one stopped.\n\nExample: `zeus read-models`",
)


def rebuild(
    name: Annotated[str | None, typer.Argument(help="The read model; `zeus read-models` lists them.")] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Every read model, all at once, in as many processes as there are cores."),
    ] = False,
    number: Annotated[
        int | None, typer.Option("--processes", min=1, max=16, help="With --all: so many processes.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare with the rows that were live until then, row by row.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin at the first event, even if an unfinished build is there.")
    ] = False,
    from_archive: Annotated[
        Path | None, typer.Option(help="Read this folder, which `zeus archive` wrote, instead of the log.")
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option(help="A Python file with a read model of your own; it is run as you.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build a read model anew from the event log, beside the live one, and put it in its place.

    Nothing stops meanwhile: readers see the old rows until the new ones have caught up. With --verify
    different rows are reported and the exit code is 1. docs/analysis.md tells of archives and files.

    Example: `zeus rebuild sessions --verify`

    Example: `zeus rebuild --all --from-archive log-2026-05`

    Example: `zeus rebuild --from-file docs/examples/refused_cards.py`
    """
    if from_file is not None:
        if name is not None or everything or number or verify or fresh:
            raise refuse(
                "With --from-file say nothing but --from-archive and --json: the file says the rest."
            )
        build_own(from_file, from_archive, as_json=as_json)
        return
    models = _chosen(name, everything=everything)
    if number is not None and (not everything or from_archive is not None):
        raise refuse("--processes goes with --all, and with the log: an archive is read by one process.")
    settings, how = Settings(), {"verify": verify, "fresh": fresh}
    with (
        database(settings) as url,
        projector(url, "zeus rebuild") as connection,
        _refusals(),
        bar(name or "all read models") as on_progress,
    ):
        if from_archive is None and len(models) > 1:
            results = rebuild_divided(url, settings, models, number or processes(), on_progress, **how)
        else:
            with source(url, settings, from_archive) as log:
                results = rebuild_together(connection, log, models, on_progress, **how)
    for model in models:
        errors.print(f"{model.name}: built anew up to event {results[model.name].position}.")
    if as_json:
        print_json({name: _as_json(result) for name, result in results.items()})
    if verify and not _tell_differences(results, quiet=as_json):
        raise typer.Exit(1)


@contextmanager
def _refusals() -> Iterator[None]:
    """What a person can do about a build that did not come to its end."""
    try:
        yield
    except RebuildUnderway as error:
        raise refuse(f"{error} is being built by another process: wait for it, or stop that one.") from None
    except RebuildStopped as error:
        raise refuse(
            f"{error} met an event it cannot take; the live rows are as they were. "
            f"`zeus read-models` shows the event; `zeus read-models abandon {error}` drops the build."
        ) from None
    except ShareLost as error:
        raise refuse(
            f"{' '.join((type(error).__doc__ or '').split())} Type it again, with fewer --processes if memory is short."
        ) from None
    except LogEndsEarlier as error:
        raise refuse(
            f"{error} is live beyond the end of the archive: make a newer archive, or name an empty "
            "database in DATABASE_URL."
        ) from None


def _tell_differences(results: dict[str, Rebuilt], *, quiet: bool) -> bool:
    """Whether everything was found the same; what could not be compared is said."""
    same = True
    for name, result in results.items():
        if not result.tables and not quiet:
            errors.print(
                f"{name}: nothing to compare: there were no live rows, or they were of another version or not "
                f"caught up. What was built has the checksum {result.checksum[:16]}."
            )
        for table in result.tables:
            same = same and table.same
            if not quiet:
                verdict = "the same" if table.same else "[red]DIFFERENT[/red]"
                errors.print(
                    f"  {table.table}: {table.live_rows} rows live, {table.built_rows} built: {verdict}"
                )
    return same


@app.callback()
def listed(context: typer.Context, as_json: AsJson = False) -> None:
    """Show how far each read model is behind the log, and why one stopped.

    Example: `zeus read-models`
    """
    if context.invoked_subcommand is not None:
        return
    with database(Settings()) as url, projector(url, "zeus read-models") as connection:
        rows = lag(connection)
    if as_json:
        print_json({"read_models": rows})
        return
    show_table(
        ("Read model", "Place", "Version", "State", "Position", "Behind", "For"),
        [_cells(row) for row in rows],
        right=("Version", "Position", "Behind"),
    )
    for row in rows:
        if row.error:
            console.print(f"✖ {row.name} at event {row.error_position}: {clean(row.error)}", markup=False)
            console.print(f"  Tried {row.failures} times. Again at once: zeus read-models resume {row.name}")
    if not rows:
        errors.print("No read model exists yet: start `zeus serve`, or run `zeus rebuild --all`.")


@app.command()
def resume(name: Name) -> None:
    """Let a stopped read model be tried again at once, for instance after a correction.

    Example: `zeus read-models resume sessions`
    """
    _check(name)
    with database(Settings()) as url, projector(url, f"zeus read-models resume {name}") as connection:
        if not resume_read_model(connection, name):
            raise refuse(f"{name} is not stopped; `zeus read-models` shows how it is doing.")
    console.print(f"{name} is tried again by the running server.")


@app.command()
def abandon(name: Name) -> None:
    """Drop an unfinished build of a read model; the live one stays.

    Example: `zeus read-models abandon sessions`
    """
    _check(name)
    with database(Settings()) as url, projector(url, f"zeus read-models abandon {name}") as connection:
        try:
            dropped = rebuilding.abandon(connection, name)
        except RebuildUnderway:
            raise refuse(f"{name} is being built by a process at this moment: stop that one first.") from None
    console.print(f"The unfinished build of {name} is gone." if dropped else f"There is no build of {name}.")


def _chosen(name: str | None, *, everything: bool) -> Sequence[ReadModel]:
    if everything and name is None:
        return READ_MODELS
    if name is None or everything:
        raise refuse(f"Name one read model, or say --all. There are: {_names()}.")
    _check(name)
    return [model for model in READ_MODELS if model.name == name]


def _check(name: str) -> None:
    if all(model.name != name for model in READ_MODELS):
        raise refuse(f"There is no read model {name!r}. There are: {_names()}.")


def _names() -> str:
    return ", ".join(model.name for model in READ_MODELS)


def _cells(row: Lag) -> list[str]:
    behind_for = span_text(row.behind_s) if row.behind else "–"
    return [row.name, row.place, str(row.version), row.state, str(row.position), str(row.behind), behind_for]


def _as_json(result: Rebuilt) -> dict[str, Any]:
    tables = [{**msgspec.structs.asdict(table), "same": table.same} for table in result.tables]
    counts = [msgspec.structs.asdict(one) for one in result.counts]
    return {
        "version": result.version,
        "position": result.position,
        "checksum": result.checksum or None,
        "counts": counts,
        "tables": tables,
    }
