"""`zeus sessions`: what was charged, and the story of one session."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
import typer

from application import clock
from domain.transactions.anomalies import Anomaly
from entrypoints.commands.opening import AsJson, console, print_json, refuse
from entrypoints.commands.reading import (
    Limit,
    clean,
    kw_text,
    kwh_text,
    moment,
    named_read_models,
    show_table,
    span_text,
    time_text,
)
from entrypoints.settings import Settings
from projections.meter_samples.queries import SamplePoint, curve, span_of_session
from projections.sessions.queries import SessionFilter, SessionRow, list_sessions, session

BARS = " ▁▂▃▄▅▆▇█"

app = typer.Typer(
    no_args_is_help=False,
    invoke_without_command=True,
    help="Charging sessions, newest first; `zeus sessions show ID` tells one in full.\n\n"
    "Example: `zeus sessions --charger CP-001 --from 7d`",
)

State = Literal["active", "ended", "awaiting_reconciliation"]


@app.callback()
def listed(
    context: typer.Context,
    charger: Annotated[str | None, typer.Option(help="Only of this charger.")] = None,
    token: Annotated[str | None, typer.Option(help="Only by this id token.")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="Started at or after: 2026-05-04, or 7d for seven days ago.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Started before.")] = None,
    state: Annotated[State | None, typer.Option(help="active, ended, or awaiting_reconciliation.")] = None,
    reason: Annotated[
        str | None, typer.Option(help="Only with this stop reason, such as EVDisconnected.")
    ] = None,
    flag: Annotated[str | None, typer.Option(help="Only with this flag, such as meter_went_back.")] = None,
    min_kwh: Annotated[float | None, typer.Option(min=0, help="Only with at least this energy.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say what each flag means.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List sessions, newest first.

    Example: `zeus sessions --charger CP-001 --from 7d --explain`
    """
    if context.invoked_subcommand is not None:
        return
    settings, now = Settings(), clock.now()
    wanted = SessionFilter(
        charger=charger,
        id_token=token,
        begin=moment(begin),
        end=moment(end),
        state=state,
        reason=reason,
        flag=flag,
        min_energy_wh=None if min_kwh is None else math.ceil(min_kwh * 1000),
    )
    with named_read_models(settings) as (connection, names):
        wanted = msgspec.structs.replace(wanted, pseudonyms=names.pseudonyms(token))
        page = names.shown(list_sessions(connection, settings.tenant, wanted, limit=limit))
    if as_json:
        print_json({"sessions": page.rows, "more": page.next is not None})
        return
    _show(page.rows, now)
    if explain:
        _explain(page.rows)
    if console.is_terminal and not page.rows:
        console.print("[dim]No session matches. `zeus board` shows what goes on now.[/dim]")
    if console.is_terminal and page.next is not None:
        console.print("[dim]There are more; narrow it with --from and --to, or raise --limit.[/dim]")


@app.command()
def show(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="The id as `zeus sessions` lists it.")],
    as_json: AsJson = False,
) -> None:
    """Tell one session in full, with the curve of its power and its flags in words.

    Example: `zeus sessions show 2hsnd3wkqy5y6zqa`
    """
    settings, now = Settings(), clock.now()
    with named_read_models(settings) as (connection, names):
        row = session(connection, settings.tenant, session_id.lower())
        if row is None:
            raise refuse(f"No session has the id {session_id!r}; `zeus sessions` lists them.")
        span = span_of_session(
            session=row.session,
            charger=row.charger,
            evse_id=row.evse_id,
            connector_id=row.connector_id,
            started_at=row.started_at,
            ended_at=row.ended_at,
            reported_at=row.reported_at,
            now=now,
        )
        points = curve(connection, settings.tenant, span)
        row = names.shown(row)
    if as_json:
        print_json({"session": row, "samples": points})
        return
    for name, text in facts_of(row, now):
        console.print(f"{name:<12}{clean(text)}", markup=False, soft_wrap=not console.is_terminal)
    _show_curve(points)
    for flag in row.flags:
        console.print(f"⚑ {flag_sentence(flag)}", markup=False, soft_wrap=not console.is_terminal)
    console.print(
        f"[dim]Everything the charger said: zeus replay {clean(row.charger)} "
        f"--from {row.reported_at:%Y-%m-%dT%H:%MZ}[/dim]",
        soft_wrap=True,
    )


def facts_of(row: SessionRow, now: datetime) -> list[tuple[str, str]]:
    """(what, words) of a session; what is not known is said to be so."""
    where = f"{row.charger} EVSE {row.evse_id or '?'}"
    meter = f"{_register(row.meter_start_wh)} → {_register(row.meter_stop_wh or row.register_wh)}"
    facts = [
        ("Session", row.session),
        ("Where", where),
        ("State", f"{row.state.replace('_', ' ')}{', ' + row.charging_state if row.charging_state else ''}"),
        ("Token", f"{row.id_token or 'none'}{' (' + row.verdict + ')' if row.verdict else ''}"),
        ("Started", f"{_full(row.started_at)}{', while offline' if row.offline else ''}"),
        ("Ended", f"{_full(row.ended_at)}{', ' + row.reason if row.reason else ''}"),
        ("Duration", span_text(duration_s(row, now))),
        ("Energy", f"{kwh_text(row.energy_wh)} kWh{'' if row.settled else ' so far'}"),
        ("Meter", meter),
    ]
    if row.number is not None or row.reference:
        facts.append(("Transaction", str(row.number) if row.number is not None else str(row.reference)))
    return facts


def duration_s(row: SessionRow, now: datetime) -> float | None:
    """By the charger's clock; of a running session until now; None where an end or a start is not known."""
    if row.started_at is None:
        return None
    if row.ended_at is not None:
        return (row.ended_at - row.started_at).total_seconds()
    if row.state != "active":
        return None
    began = row.started_at if row.started_at <= now else row.reported_at  # its clock is ahead of ours
    return (now - began).total_seconds()


def power_curve(points: Sequence[SamplePoint], width: int) -> list[float | None]:
    """Mean power in W in `width` equal spans of time; None where nothing was read."""
    read = [(point.ts, point.power_w) for point in points if point.power_w is not None]
    if not read:
        return []
    first, last = read[0][0], read[-1][0]
    step = max((last - first) / width, timedelta(microseconds=1))
    heaps: list[list[float]] = [[] for _ in range(width)]
    for at, power in read:
        heaps[min(width - 1, int((at - first) / step))].append(power)
    return [sum(heap) / len(heap) if heap else None for heap in heaps]


def bars(values: Sequence[float | None]) -> str:
    """A bar a value, from nothing to the highest; a gap where nothing is known."""
    highest = max((value for value in values if value is not None), default=0.0)
    if highest <= 0:
        return "".join(" " if value is None else BARS[1] for value in values)
    steps = len(BARS) - 2
    return "".join(
        " " if value is None else BARS[1 + round(max(value, 0.0) / highest * steps)] for value in values
    )


def flag_sentence(flag: str) -> str:
    """What an operator reads; a flag of a newer version stands for itself."""
    try:
        return f"{flag}: {Anomaly(flag).sentence}"
    except ValueError:
        return flag


def _show(rows: Sequence[SessionRow], now: datetime) -> None:
    headings = ("Session", "Charger", "EVSE", "Started", "Duration", "kWh", "State", "Token", "Flags")
    short = {"awaiting_reconciliation": "awaiting end"}
    cells = [
        (
            row.session,
            row.charger,
            str(row.evse_id or "–"),
            time_text(row.started_at, now) if console.is_terminal else _full(row.started_at),
            span_text(duration_s(row, now)),
            kwh_text(row.energy_wh),
            short.get(row.state, row.state) if console.is_terminal else row.state,
            row.id_token or "–",
            ("⚑" * bool(row.flags) + f" {len(row.flags)}" if row.flags else "")
            if console.is_terminal and console.width < 110
            else " ".join(row.flags),
        )
        for row in rows
    ]
    show_table(headings, cells, right=("EVSE", "Duration", "kWh"))


def _explain(rows: Sequence[SessionRow]) -> None:
    for flag in sorted({flag for row in rows for flag in row.flags}):
        console.print(f"⚑ {flag_sentence(flag)}", markup=False, soft_wrap=not console.is_terminal)


def _show_curve(points: Sequence[SamplePoint]) -> None:
    values = power_curve(points, max(10, min(72, console.width - 12)))
    if not values:
        console.print(f"{'Power':<12}no readings of power", markup=False)
        return
    highest = max(value for value in values if value is not None)
    console.print(f"{'Power':<12}{bars(values)}", markup=False, soft_wrap=True)
    first, last = points[0].ts, points[-1].ts
    console.print(f"{'':<12}{first:%H:%M} to {last:%H:%M} UTC, up to {kw_text(highest)} kW", style="dim")


def _full(at: datetime | None) -> str:
    return "not reported" if at is None else f"{at:%Y-%m-%d %H:%M:%S}Z"


def _register(wh: object) -> str:
    return "unknown" if wh is None else f"{wh} Wh"
