"""`zeus repair`: what another reading of the past would change, and the corrections that change it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from application import clock
from application.ports import EventStore
from application.repairs import LEFT, Applied, Left, Plan, PlanUnfit, Repairs, Subject
from domain.transactions.interpretation import EDITION, FASTEST_W, Interpretation, InterpretationInvalid
from entrypoints.commands.opening import (
    AsJson,
    actor,
    cause,
    console,
    errors,
    print_json,
    refuse,
    with_store,
)
from entrypoints.commands.reading import kwh_text, moment, read_models, show_table, time_text
from entrypoints.settings import Settings
from projections.reports.repairable import RepairScope, repairable

SHOWN = 20
"""Changes that stand in the table; `--json` and the file have all."""
RULES = (
    ("--factor 0.001", "each reading counts so many times", "a charger that tells Wh and calls them kWh"),
    (
        "--ignore-begin",
        "the reading at the start is not believed",
        "meterStart is that of the session before",
    ),
    ("--ignore-end", "the reading at the end is not believed", "meterStop is 0, or of another register"),
    ("--wraps-at 1000000", "the register begins again after so many Wh", "a meter with six digits"),
    ("--fastest 25000", "a rise that is faster, in W, is not believed", "a meter that jumps now and then"),
    (
        "(none of them)",
        "every reading as told",
        "takes corrections back; shows what newer energy rules change",
    ),
)

app = typer.Typer(
    no_args_is_help=True,
    help="Read the past by another rule: a dry run lists which sessions would change and by how much; applied, each "
    "is corrected by an event. What was told is never changed.\n\nExample: `zeus repair rules`",
)


@app.command()
def rules(as_json: AsJson = False) -> None:
    """List how registers can be read otherwise, and when that is right.

    Example: `zeus repair rules`
    """
    if as_json:
        print_json(
            {
                "edition": EDITION,
                "rules": [dict(zip(("option", "reads", "for"), one, strict=True)) for one in RULES],
            }
        )
        return
    show_table(("Option", "How the register is read", "For"), [list(one) for one in RULES])


@app.command(name="dry-run")
def dry_run(
    factor: Annotated[str, typer.Option(help="Each reading counts so many times, such as 0.001.")] = "1",
    ignore_begin: Annotated[
        bool, typer.Option("--ignore-begin", help="The reading at the start is not believed.")
    ] = False,
    ignore_end: Annotated[
        bool, typer.Option("--ignore-end", help="The reading at the end is not believed.")
    ] = False,
    wraps_at: Annotated[
        str | None, typer.Option(metavar="WH", help="The register begins again at 0 after so many Wh.")
    ] = None,
    fastest: Annotated[
        str, typer.Option(metavar="W", help="A rise that is faster is not believed.")
    ] = f"{FASTEST_W:f}",
    charger: Annotated[list[str] | None, typer.Option(help="Only of this charger; may be repeated.")] = None,
    site: Annotated[str | None, typer.Option(help="Only of chargers that were at this site.")] = None,
    model: Annotated[str | None, typer.Option(help="Only of chargers that were of this model.")] = None,
    firmware: Annotated[str | None, typer.Option(help="With --model: only with this firmware.")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="Begun at or after: 2026-05-01, or 30d for thirty days ago.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Begun before.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the plan to this file, for `zeus repair apply`.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List which sessions a rule would change, and by how much. Nothing is changed.

    Example: `zeus repair dry-run --factor 0.001 --charger CP-001 --from 2026-05-01 --out plan.json`
    """
    if firmware is not None and model is None:
        raise refuse("A firmware is that of a model: say --model as well.")
    rule = Interpretation(
        factor=_number("--factor", factor),
        ignores_begin=ignore_begin,
        ignores_end=ignore_end,
        wraps_at_wh=None if wraps_at is None else _number("--wraps-at", wraps_at),
        fastest_w=_number("--fastest", fastest),
    )
    settings = Settings()
    scope = RepairScope(tuple(charger or ()), site, model, firmware, moment(begin), moment(end))
    with read_models(settings) as connection:
        subjects = [Subject(*one) for one in repairable(connection, settings.tenant, scope)]

    async def run(store: EventStore) -> Plan:
        with _bar("sessions read", len(subjects), quiet=as_json) as progress:
            return await _repairs(store, settings).plan(subjects, rule, progress)

    try:
        plan = with_store(run, settings)
    except InterpretationInvalid as error:
        raise refuse(str(error)) from None
    if out is not None:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n")
    if as_json:
        told = {"id": plan.id, "difference_wh": plan.difference_wh}
        print_json({**told, **msgspec.to_builtins(plan)})
        return
    _show(plan)
    if out is not None:
        errors.print(f"{out}: the plan. Apply it with `zeus repair apply {out} --reason …`.", soft_wrap=True)


@app.command()
def apply(
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="The file that a dry run wrote.")],
    reason: Annotated[str, typer.Option(help="Why; it stands with every correction.")],
    as_json: AsJson = False,
) -> None:
    """Correct what a plan changes, each session by an event; what was applied once is not applied again.

    A session that something came to since the plan was made is left alone and named; then the exit code is 1.

    Example: `zeus repair apply plan.json --reason "meters of this model tell Wh as kWh"`
    """
    settings = Settings()
    try:
        plan = msgspec.json.decode(plan_file.read_bytes(), type=Plan)
    except OSError as error:
        raise refuse(f"{plan_file} cannot be read: {error.strerror}.") from None
    except msgspec.DecodeError:
        raise refuse(f"{plan_file} is no plan: `zeus repair dry-run --out` writes one.") from None

    async def run(store: EventStore) -> Applied:
        with _bar("sessions corrected", len(plan.changes), quiet=as_json) as progress:
            return await _repairs(store, settings).apply(plan, reason, progress)

    try:
        applied = with_store(run, settings)
    except (PlanUnfit, InterpretationInvalid) as error:
        raise refuse(str(error)) from None
    if as_json:
        print_json(applied)
    else:
        before = f", {applied.before} had been before" if applied.before else ""
        console.print(
            f"{applied.corrected} sessions corrected{before}. Repair {applied.repair}.", markup=False
        )
        _show_left(applied.left)
    if applied.left:
        raise typer.Exit(1)


def _repairs(store: EventStore, settings: Settings) -> Repairs:
    return Repairs(store, settings.tenant, actor(), cause())


def _number(option: str, told: str) -> Decimal:
    try:
        return Decimal(told)
    except InvalidOperation:
        raise typer.BadParameter(f"{told!r} is no number.", param_hint=option) from None


def _show(plan: Plan) -> None:
    now = clock.now()
    rows = [
        [
            one.session,
            one.transaction.split("/")[2],
            time_text(one.started_at, now),
            kwh_text(one.before_wh),
            kwh_text(one.after_wh),
            kwh_text(one.difference_wh),
        ]
        for one in plan.changes[:SHOWN]
    ]
    if rows:
        figures = ("Before kWh", "After kWh", "Difference")
        show_table(("Session", "Charger", "Started", *figures), rows, right=figures)
    if len(plan.changes) > SHOWN:
        console.print(
            f"… and {len(plan.changes) - SHOWN} more; --json and --out have all of them.", markup=False
        )
    how = ", ".join(plan.rule.words())
    console.print(
        f"{plan.read} sessions read, as {how}: {len(plan.changes)} would change, by "
        f"{plan.difference_wh / 1000:+.2f} kWh together.",
        markup=False,
        soft_wrap=True,
    )
    _show_left(plan.left)


def _show_left(left: tuple[Left, ...]) -> None:
    for why in sorted({one.why for one in left}):
        names = [one.session for one in left if one.why == why]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        console.print(
            f"Left as it is, {LEFT[why]}: {', '.join(names[:5])}{more}", markup=False, soft_wrap=True
        )


@contextmanager
def _bar(what: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = quiet or not errors.is_terminal
    with Progress(*columns, console=errors, disable=hidden, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)
