"""`zeus audit`: whether the log is what it was, and evidence for those who have to believe it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from adapters.audit.audited_log import at_rest, checkpoints, seal_if_nobody_does
from adapters.audit.log_rows import head
from adapters.audit.signing import SigningKeyWrong
from adapters.audit.tiles import TreeBehind, sealed
from adapters.audit.verification import Claim, SinceUnknown, Verdict, Verification
from adapters.eventstore.store import open_store
from application.audit import LogRewritten, NoSigningKey, audit_keys
from domain.audit.checkpoint import read_checkpoint
from domain.audit.events import CheckpointPublished
from domain.audit.keys import AuditKeys
from domain.audit.notes import NoteKey, NoteUnreadable, read_key, read_note
from domain.catalogue import FACTS
from entrypoints.audit import open_checkpoints
from entrypoints.commands import audit_export, audit_key
from entrypoints.commands.opening import (
    AsJson,
    actor,
    cause,
    console,
    database,
    errors,
    print_json,
    refuse,
)
from entrypoints.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Tamper evidence: checkpoints of the log, its verification, bundles for auditors.",
)
app.command(name="export")(audit_export.export)
app.command()(audit_export.transparency)
app.add_typer(audit_key.app, name="key")

REWRITTEN = (
    "The log no longer begins with what its last checkpoint was made of: no checkpoint was made. "
    "`zeus audit verify` says what was changed."
)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show how far the log is sealed, the last checkpoint, where it went, and the keys that sign.

    Example: `zeus audit status`
    """
    settings = Settings()
    with database(settings) as url:
        keys = asyncio.run(_keys(url, settings))
        with at_rest(url) as connection:
            done, last = sealed(connection), head(connection)
            newest = next(iter(checkpoints(connection, settings.tenant, limit=1)), None)
    facts = {
        "last_position": last,
        "sealed_events": done.size,
        "sealed_position": done.position,
        "checkpoint_events": newest.fact.size if newest else None,
        "checkpoint_at": newest.at if newest else None,
        "checkpoint_published": newest.fact.published if newest else None,
        "checkpoint_failed": newest.fact.failed if newest else None,
        "origin": newest.fact.origin if newest else None,
        "keys": [key.id for key in keys.signing],
    }
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        words = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        text = (
            f"{words:%Y-%m-%d %H:%M:%S}Z"
            if isinstance(words, datetime)
            else ("–" if words is None else words)
        )
        console.print(f"{name.replace('_', ' '):<22}{text}", markup=False, soft_wrap=True)
    if newest is None:
        console.print(
            "No checkpoint yet: `zeus serve` makes one an hour, `zeus audit checkpoint` now.", markup=False
        )


@app.command()
def checkpoint(
    as_json: AsJson = False,
    note: Annotated[bool, typer.Option("--note", help="Print the signed note alone.")] = False,
) -> None:
    """Sign the log as it is now, publish that and write it into the log.

    Example: `zeus audit checkpoint`
    """
    settings = Settings()

    async def run(url: str) -> CheckpointPublished | None:
        store = open_store(url, FACTS)
        try:
            return await open_checkpoints(url, settings, store, make=True).publish(actor(), cause=cause())
        finally:
            await store.close()

    try:
        with database(settings) as url:
            made = asyncio.run(run(url))
    except LogRewritten:
        raise refuse(REWRITTEN) from None
    except (NoSigningKey, SigningKeyWrong) as error:
        raise refuse(" ".join((str(error) or type(error).__doc__ or "").split())) from None
    except (OSError, TreeBehind) as error:
        raise refuse(f"No checkpoint was made: {str(error) or type(error).__doc__}") from None
    assert made is not None  # noqa: S101 - without a pace there always is one
    if note:
        typer.echo(made.note, nl=False)
    elif as_json:
        print_json(made)
    else:
        console.print(f"Checkpoint over {made.size} events, root {made.root}.", markup=False, soft_wrap=True)
        for place in made.published:
            console.print(f"It is at {place}.", markup=False, soft_wrap=True)
    for words in made.failed:
        errors.print(f"It could not be given to {words}.", style="red", markup=False)


@app.command()
def verify(
    against: Annotated[
        list[Path] | None,
        typer.Option(
            help="Checkpoints kept elsewhere: a file or a directory of them; may be given more than once."
        ),
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(help="A checkpoint up to which the log was verified before: go on from there."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="Only signatures of this verifier key count; else of the keys that the log knows."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hash the whole log anew and compare it with its tree and its checkpoints; exit code 1 where they differ.

    What was changed, dropped, inserted, moved, swapped or cut off is named with its position. Whoever can
    rewrite the log can rewrite the tree beside it, too: give the checkpoints that he cannot reach.

    Example: `zeus audit verify`

    Example: `zeus audit verify --against /mnt/worm/checkpoints --since checkpoint-000000004711.txt`
    """
    settings = Settings()
    with database(settings) as url:
        keys = _known_keys(key) or list(asyncio.run(_keys(url, settings)).adopted.values())
        begin = _size_in(since) if since else 0
        outside = [
            Claim(str(path), path.read_text())
            for path in _files([*(against or []), *([since] if since else [])])
        ]
        seal_if_nobody_does(url)
        with at_rest(url) as connection, _progress(quiet=as_json) as progress:
            inside = [
                Claim(f"of {one.at:%Y-%m-%d %H:%M}", one.fact.note)
                for one in checkpoints(connection, settings.tenant)
            ]
            try:
                verdict = Verification(connection, keys, [*inside, *outside], progress).run(begin)
            except (SinceUnknown, TreeBehind) as error:
                raise refuse(" ".join((type(error).__doc__ or "").split())) from None
    if as_json:
        print_json({**verdict._asdict(), "root": verdict.root.hex(), "intact": verdict.intact})
    else:
        _show(verdict)
    if not verdict.intact:
        raise typer.Exit(1)


def _show(verdict: Verdict) -> None:
    for one in verdict.findings:
        console.print(one.words, style="dim" if one.kind.harmless else "red", markup=False, soft_wrap=True)
    rate = verdict.events / verdict.seconds if verdict.seconds else 0.0
    console.print(
        f"{verdict.events} events hashed in {verdict.seconds:.1f} s ({rate:,.0f}/s); the log has {verdict.size}, root "
        f"{verdict.root.hex()}.",
        markup=False,
        soft_wrap=True,
    )
    if not verdict.intact:
        console.print("The log is NOT what it was.", style="bold red")
        return
    console.print(
        f"The log is what it was at {verdict.checkpoints} checkpoints, signed by "
        f"{', '.join(verdict.signers) or 'nobody'}.",
        style="green" if verdict.checkpoints else "yellow",
        markup=False,
        soft_wrap=True,
    )


def _known_keys(given: Sequence[str] | None) -> list[NoteKey]:
    try:
        return [read_key(text) for text in given or ()]
    except NoteUnreadable as error:
        raise refuse(f"{error}; `zeus audit key list` shows such keys.") from None


def _size_in(path: Path) -> int:
    try:
        return read_checkpoint(read_note(path.read_text()).text).size
    except OSError as error:
        raise refuse(f"{path} cannot be read: {error.strerror}.") from None
    except NoteUnreadable as error:
        raise refuse(f"{path} is no checkpoint: {error}.") from None


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise refuse(f"{path} does not exist.")
        yield from sorted(path.glob("*.txt")) if path.is_dir() else [path]


async def _keys(url: str, settings: Settings) -> AuditKeys:
    store = open_store(url, FACTS)
    try:
        return await audit_keys(store, settings.tenant)
    finally:
        await store.close()


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal; nothing where output goes elsewhere."""
    if quiet or not errors.is_terminal:
        yield lambda done, total: None
        return
    columns = (TextColumn("{task.completed} of {task.total}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
