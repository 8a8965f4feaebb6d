"""What every `zeus report` is asked with, and how its figures are printed."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from sqlalchemy import Connection

from adapters.http.csv_table import csv_head, csv_lines
from application import clock
from domain.calendar import ZoneUnknown, midnight, zone_of
from entrypoints.commands.opening import console, print_json, refuse
from entrypoints.commands.reading import moment
from projections.availability.queries import AsOf
from projections.reports.edition import edition
from projections.reports.standing import NotBuilt, PositionAhead, position_of

From = Annotated[
    str | None,
    typer.Option("--from", help="A day of --tz, an instant, or 30d for thirty days ago (default)."),
]
To = Annotated[str | None, typer.Option("--to", help="A day or an instant, not included; default now.")]
Zone = Annotated[str, typer.Option("--tz", help="Whose days: an IANA name, such as Europe/London.")]
Position = Annotated[
    str | None, typer.Option("--as-of", help="A position of the log, or an instant: as it was known then.")
]
Charger = Annotated[str | None, typer.Option(help="Only of this charger.")]
Site = Annotated[str | None, typer.Option(help="Only of chargers of this site.")]
AsCsv = Annotated[
    Path | None, typer.Option("--csv", help="Write the rows to this file as CSV; - is the output.")
]
Excel = Annotated[
    bool, typer.Option("--excel", help="With --csv: semicolons, decimal commas, byte order mark.")
]


class Span(msgspec.Struct, frozen=True):
    """A period of a zone."""

    begin: datetime
    end: datetime
    zone: str


def span_of(begin: str | None, end: str | None, zone: str) -> Span:
    """Minutes to come are none. Raises typer.BadParameter."""
    now = clock.now().replace(microsecond=0)
    try:
        zone_of(zone)
    except ZoneUnknown:
        raise typer.BadParameter(f"{zone!r} is no time zone: write Europe/London or UTC.") from None
    until = min(_moment(end, zone) or now, now)
    since = _moment(begin, zone) or until - timedelta(days=30)
    if since >= until:
        raise typer.BadParameter("the period has to begin before it ends, and before now.")
    return Span(since, until, zone)


def as_of(connection: Connection, tenant: str, text: str | None) -> AsOf:
    """The position that is meant; says so where there is none."""
    meant: int | datetime | None = moment(text) if text and not text.isdecimal() else None
    if text and text.isdecimal():
        meant = int(text)
    try:
        return AsOf(tenant, position_of(connection, tenant, meant))
    except PositionAhead:
        raise refuse("The read models have not come so far yet.") from None
    except NotBuilt:
        raise refuse("The read models are being built: see `zeus read-models`.") from None


def dimensions(text: str, known: Sequence[str]) -> list[str]:
    """A list with commas. Raises typer.BadParameter."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    for name in found:
        if name not in known:
            raise typer.BadParameter(f"{name!r}: choose of {', '.join(known)}.")
    return list(dict.fromkeys(found))


def printed(
    report: str,
    of: AsOf,
    parameters: Any,
    rows: Sequence[Any],
    *,
    as_json: bool,
    csv: Path | None,
    excel: bool,
) -> bool:
    """Print JSON or write CSV where that was asked for; False: show it to a person."""
    if as_json:
        told = {"report": report, "as_of_position": of.position, "edition": edition()}
        print_json({**told, "parameters": parameters, "items": rows})
        return True
    if csv is None:
        return False
    columns = rows[0].__struct_fields__ if rows else ()
    body = csv_head(columns, excel=excel) + csv_lines(columns, rows, excel=excel)
    if str(csv) == "-":
        typer.echo(body.decode(), nl=False)
    else:
        csv.write_bytes(body)
        typer.echo(f"{len(rows)} rows as of position {of.position} are in {csv}.", err=True)
    return True


def text_of(value: Any) -> str:
    """A cell; a dash where nobody told it."""
    return "–" if value is None or value == "" else str(value)


def say(words: str, position: int) -> None:
    """What a table is as of, for a person."""
    if console.is_terminal:
        console.print(f"[dim]{words}, as of position {position}.[/dim]")


def _moment(text: str | None, zone: str) -> datetime | None:
    """A bare day is one of the zone."""
    if text is not None and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return midnight(date.fromisoformat(text), zone_of(zone))
        except ValueError:
            raise typer.BadParameter(f"{text!r}: there is no such day.") from None
    return moment(text)
