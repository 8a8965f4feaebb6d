"""`zeus mirror`: what chargers say, said again to another central system, and where its answers differ from ours."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, Progress, TextColumn

from adapters.mirror.book import KeptDifference, KeptLane, MirrorRunning, MirrorUnknown
from adapters.mirror.lane import Tally
from adapters.mirror.mirroring import Standing, total
from application import clock
from application.mirrors import MirrorNameInvalid, Mirrors, check_name
from domain.identity import ChargerId, InvalidChargerId
from domain.mirrors.events import MirrorBegun, MirrorEnded, MirrorForgotten
from entrypoints.commands.opening import AsJson, actor, cause, console, database, errors, print_json, refuse
from entrypoints.commands.reading import moment, show_table, time_text
from entrypoints.mirroring import (
    BegunElsewhere,
    ChargersUnknown,
    PasswordsUnreadable,
    Wanted,
    kept_book,
    mirror,
    read_passwords,
    why_unfit,
)
from entrypoints.privacy import open_sealed_store
from entrypoints.settings import Settings
from entrypoints.wiring import handling_personal_data

SHOWN = 40
"""Differences in a table; `--json` has all."""

app = typer.Typer(
    no_args_is_help=True,
    help="Say again to another central system what chargers say, as they say it, and compare its answers with ours. "
    "Chargers and their answers are untouched; what the other system asks of them is refused.\n\n"
    "Example: `zeus mirror run trial --to wss://csms.example/ocpp --charger CP-001`",
)
Name = Annotated[str, typer.Argument(help="What the mirror is called: small letters, digits and hyphens.")]


@app.command()
def run(
    name: Name,
    to: Annotated[str, typer.Option(metavar="URL", help="Where; the charge point id is put behind it.")],
    charger: Annotated[list[str] | None, typer.Option(help="Of this charger; may be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Of every charger.")] = False,
    begin: Annotated[
        str | None,
        typer.Option(
            "--from", help="A new mirror begins then: 2026-05-01, or 2h. Left out: with what comes."
        ),
    ] = None,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="A new mirror begins with all that is in the log.")
    ] = False,
    once: Annotated[
        bool,
        typer.Option("--once", help="End when everything that is in the log was said; do not follow it."),
    ] = False,
    password_file: Annotated[
        Path | None,
        typer.Option(help="One password for all chargers there, or a line `CPID:password` for each."),
    ] = None,
    reveal: Annotated[
        str | None,
        typer.Option(help="Say id tokens as they are, not names in their place. Why, which is recorded."),
    ] = None,
    unencrypted: Annotated[
        bool,
        typer.Option("--unencrypted", help="Let it be ws:// to another machine, which anybody can read."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say again what chargers say, until Ctrl-C; a mirror of that name goes on where it was.

    Every connection of a charger is one there, in its OCPP version and under its id; calls go one by one and in order.
    Numbers of transactions (1.6) are those that the other system gave. Where it is away, it is waited for.

    Example: `zeus mirror run trial --to wss://csms.example/ocpp --charger CP-001 --charger CP-002`

    Example: `zeus mirror run trial --to wss://csms.example/ocpp --all --from 7d --once --json`
    """
    settings = Settings()
    wanted = Wanted(
        name,
        to,
        _chosen(settings, charger or [], everything=everything),
        _passwords(password_file),
        reveal is not None,
        not once,
        moment(begin),
        from_beginning,
    )
    _check(wanted, unencrypted=unencrypted)
    with database(settings) as url, _bar(quiet=as_json) as tell, _refusals():
        asyncio.run(_run(url, settings, wanted, reveal or "", tell))
        with kept_book(url, settings) as book:
            lanes, found = book.lanes(name), book.differences(name)
    _show(name, lanes, found, as_json=as_json)


@app.command(name="list")
def listed(as_json: AsJson = False) -> None:
    """List mirrors, how far each is, and what came of it.

    Example: `zeus mirror list`
    """
    settings, now = Settings(), clock.now()
    with database(settings) as url, kept_book(url, settings) as book:
        mirrors = [(one, total(lane.tally for lane in book.lanes(one.name))) for one in book.all()]
    if as_json:
        print_json({"mirrors": [{**one._asdict(), **_figures(tally)} for one, tally in mirrors]})
        return
    cells = [
        (
            one.name,
            one.url,
            ", ".join(one.chargers) or "all",
            str(one.position),
            time_text(one.reached_at, now),
            str(tally.sent),
            str(tally.same),
            str(tally.differing),
        )
        for one, tally in mirrors
    ]
    show_table(
        ("Name", "To", "Chargers", "Up to event", "At work", "Said", "Alike", "Otherwise"),
        cells,
        right=("Up to event", "Said", "Alike", "Otherwise"),
    )


@app.command()
def differences(
    name: Name,
    charger: Annotated[str | None, typer.Option(help="Only of this charger.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what came of a mirror: each charger's figures, and at which places answers differ, with the last values.

    Example: `zeus mirror differences trial`
    """
    settings = Settings()
    with database(settings) as url, kept_book(url, settings) as book, _refusals():
        key = charger.upper() if charger else None
        found = book.differences(name, key)
        lanes = [lane for lane in book.lanes(name) if key is None or lane.charger == key]
    _show(name, lanes, found, as_json=as_json)


@app.command()
def forget(name: Name) -> None:
    """Forget what a mirror found and how far it was; the log keeps who began and ended it.

    Example: `zeus mirror forget trial`
    """
    settings = Settings()
    with database(settings) as url, kept_book(url, settings) as book, _refusals():
        book.take(name)
        asyncio.run(_tell_forgotten(url, settings, name))
        book.forget(name)
    errors.print(f"{name}: forgotten.")


async def _run(
    url: str, settings: Settings, wanted: Wanted, reason: str, tell: Callable[[Standing], None]
) -> None:
    store, stop = open_sealed_store(url, settings), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    mirrors = Mirrors(store, settings.tenant, actor(), cause())

    async def begun(position: int) -> None:
        if wanted.revealed:
            who = ", ".join(wanted.chargers) or "all chargers"
            async with handling_personal_data(url, settings, settings.tenant, actor(), cause()) as personal:
                await personal.disclose("frames", f"{reason} (of {who}, mirrored to {wanted.url})")
        fact = MirrorBegun(
            url=wanted.url,
            chargers=wanted.chargers,
            after=position,
            revealed=wanted.revealed,
            reason=reason,
        )
        await mirrors.tell(wanted.name, fact)

    try:
        ended = await mirror(url, settings, wanted, stop, begun, tell)
        of_all = ended.tally
        await mirrors.tell(
            wanted.name,
            MirrorEnded(
                upto=ended.position,
                sent=of_all.sent,
                same=of_all.same,
                differing=of_all.differing,
                unanswered=of_all.unanswered,
                not_said=of_all.not_let_in + of_all.unsayable,
            ),
        )
    finally:
        await store.close()


async def _tell_forgotten(url: str, settings: Settings, name: str) -> None:
    store = open_sealed_store(url, settings)
    try:
        await Mirrors(store, settings.tenant, actor(), cause()).tell(name, MirrorForgotten())
    finally:
        await store.close()


def _chosen(settings: Settings, cpids: Sequence[str], *, everything: bool) -> tuple[str, ...]:
    if bool(cpids) == everything:
        raise refuse("Whose traffic? Say --charger, once or several times, or --all.")
    try:
        return tuple(sorted({ChargerId.of(settings.tenant, cpid).key for cpid in cpids}))
    except InvalidChargerId as error:
        raise refuse(
            f"{error} cannot be a charge point id; `zeus charger list` shows those there are."
        ) from None


def _passwords(path: Path | None) -> dict[str, str]:
    try:
        return read_passwords(path)
    except OSError as error:
        raise refuse(f"{path} cannot be read: {error.strerror}.") from None
    except PasswordsUnreadable as error:
        raise refuse(f"{path}: {error.__doc__}") from None


def _check(wanted: Wanted, *, unencrypted: bool) -> None:
    try:
        check_name(wanted.name)
    except MirrorNameInvalid as error:
        raise refuse(str(error.__doc__)) from None
    if why := why_unfit(wanted.url, unencrypted=unencrypted):
        raise refuse(why)
    if wanted.begin is not None and wanted.from_beginning:
        raise refuse("Say --from or --from-beginning, not both.")


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (MirrorRunning, MirrorUnknown, ChargersUnknown, BegunElsewhere) as error:
        raise refuse(f"{error}: {error.__doc__}") from None


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[Standing], None]]:
    """How far it is in the log, and what came of it; on a terminal only."""
    columns = (TextColumn("mirrored"), BarColumn(), TextColumn("{task.fields[words]}"))
    hidden = quiet or not errors.is_terminal
    with Progress(*columns, console=errors, disable=hidden, transient=True) as bar:
        task = bar.add_task("mirrored", total=None, words="")

        def tell(at: Standing) -> None:
            of_all = at.tally
            words = f"{of_all.sent:,} said, {of_all.same:,} alike, {of_all.differing:,} otherwise"
            if at.waiting:
                words += f"; waiting for {at.waiting}"
            bar.update(task, completed=at.position, total=max(at.head, 1), words=words)

        yield tell


def _show(name: str, lanes: Sequence[KeptLane], found: Sequence[KeptDifference], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "mirror": name,
                **_figures(total(lane.tally for lane in lanes)),
                "chargers": [
                    {"charger": lane.charger, "position": lane.position, **_figures(lane.tally)}
                    for lane in lanes
                ],
                "differences": found,
            }
        )
        return
    heads = ("Charger", "Said", "Alike", "Otherwise", "No answer", "Not let in", "Unsayable", "Mean ms")
    cells = [
        (
            lane.charger,
            *(str(getattr(lane.tally, field)) for field in Tally.__struct_fields__[:6]),
            str(_mean_ms(lane.tally)),
        )
        for lane in lanes
    ]
    show_table(heads, cells, right=heads[1:])
    if not found:
        console.print(
            "No answer differs." if any(lane.tally.sent for lane in lanes) else "Nothing was said yet."
        )
        return
    show_table(
        ("Charger", "Action", "Place", "Times", "Here", "There", "Last at event"),
        [
            (
                one.charger,
                one.action or "(connection)",
                one.path or "(all of it)",
                str(one.times),
                one.ours,
                one.theirs,
                str(one.last_position),
            )
            for one in found[:SHOWN]
        ],
        right=("Times", "Last at event"),
    )
    if len(found) > SHOWN:
        errors.print(f"{len(found) - SHOWN} more: --json shows all, --charger those of one.")


def _figures(tally: Tally) -> dict[str, int]:
    return {**msgspec.to_builtins(tally), "mean_ms": _mean_ms(tally)}


def _mean_ms(tally: Tally) -> int:
    answered = tally.sent - tally.unanswered
    return round(tally.answer_ms / answered) if answered else 0
