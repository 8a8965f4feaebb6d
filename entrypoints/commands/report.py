"""`zeus report`: energy, uptime, use, starts and errors, as of any position of the log."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from adapters.http.heat_map_svg import heat_map_svg
from application import clock
from domain.calendar import month_of, twelve_months_to
from domain.uptime.formulas import Formula
from domain.uptime.tally import Tally
from entrypoints.commands.opening import AsJson, console
from entrypoints.commands.reading import kwh_text, read_models, show_table, span_text
from entrypoints.commands.report_options import (
    AsCsv,
    Charger,
    Excel,
    From,
    Position,
    Site,
    To,
    Zone,
    as_of,
    dimensions,
    printed,
    say,
    span_of,
    text_of,
)
from entrypoints.commands.report_pictures import bar, heat_lines, minutes, pct, percent
from entrypoints.settings import Settings
from projections.availability.queries import PortFilter, intervals
from projections.reports.energy import energy as energy_rows
from projections.reports.uptime import Period, UptimeRow, uptime_rows
from projections.reports.utilisation import heat_map, utilisation_rows
from projections.session_figures.queries import DIMENSIONS as GROUPS
from projections.session_figures.queries import SessionsWanted

app = typer.Typer(
    no_args_is_help=True,
    help="Figures made of the log, as of any of its positions. docs/reports.md says how each is made.\n\n"
    "Example: `zeus report energy --by charger,day --from 7d`",
)


class UptimeLine(msgspec.Struct, frozen=True, kw_only=True):
    """A row as CSV and JSON write it."""

    period: str
    begin: datetime
    end: datetime
    charger: str
    evse_id: int | None
    site: str
    rapid: bool | None
    ports: int
    in_service_s: int
    up_s: int
    charging_s: int
    idle_s: int
    down_s: int
    offline_s: int
    offline_in_use_s: int
    excluded_s: int
    absent_s: int
    optimistic_pct: Any
    pessimistic_pct: Any
    meets_optimistic: bool | None
    meets_pessimistic: bool | None


@app.command()
def energy(
    by: Annotated[str, typer.Option(help="Of site, charger, connector, tag, day, with commas.")] = "charger",
    begin: From = None,
    end: To = None,
    tz: Zone = "UTC",
    charger: Charger = None,
    site: Site = None,
    tag: Annotated[str | None, typer.Option(help="Only of this id token.")] = None,
    position: Position = None,
    csv: AsCsv = None,
    excel: Excel = False,
    as_json: AsJson = False,
) -> None:
    """Energy and sessions by whatever is asked for; exact whole Wh.

    Example: `zeus report energy --by site,day --from 2026-03-01 --to 2026-04-01 --tz Europe/London`
    """
    settings, span = Settings(), span_of(begin, end, tz)
    groups = dimensions(by, GROUPS)
    with read_models(settings) as connection:
        of = as_of(connection, settings.tenant, position)
        wanted = SessionsWanted(
            tenant=of.tenant,
            position=of.position,
            begin=span.begin,
            end=span.end,
            zone=tz,
            charger=None if charger is None else charger.upper(),
            site=site,
            id_token=tag,
        )
        rows = energy_rows(connection, wanted, groups)
    if printed("energy", of, span, rows, as_json=as_json, csv=csv, excel=excel):
        return
    most = max((row.energy_wh for row in rows), default=0)
    names = [name for name in ("site", "charger", "evse_id", "id_token", "day") if _grouped(name, groups)]
    table = [
        [
            *(text_of(getattr(row, name)) for name in names),
            str(row.sessions),
            kwh_text(row.energy_wh),
            span_text(row.plugged_s),
            bar(row.energy_wh / most if most else 0),
        ]
        for row in rows
    ]
    headings = [*(_HEADINGS[name] for name in names), "sessions", "kWh", "plugged in", ""]
    show_table(headings, table, right=("sessions", "kWh", "plugged in"))
    say(f"{kwh_text(sum(row.energy_wh for row in rows))} kWh", of.position)


@app.command()
def uptime(
    formula: Annotated[
        Formula, typer.Option(help="nevi: 23 CFR 680.116(b); uk: PCPR 2023 reg. 7.")
    ] = Formula.NEVI,
    month: Annotated[str | None, typer.Option(help="nevi: 2026-03; the current one where left out.")] = None,
    year: Annotated[int | None, typer.Option(min=1970, max=8999, help="uk: the calendar year.")] = None,
    begin: From = None,
    end: To = None,
    charger: Charger = None,
    site: Site = None,
    rapid: Annotated[bool, typer.Option("--rapid", help="Only ports rated 50 kW or more.")] = False,
    minutes_of: Annotated[
        int | None, typer.Option("--minutes", help="With --charger: every interval of this EVSE instead.")
    ] = None,
    position: Position = None,
    csv: AsCsv = None,
    excel: Excel = False,
    as_json: AsJson = False,
) -> None:
    """Uptime of every port by a regulator's formula, with both bounds for offline time.

    Example: `zeus report uptime --month 2026-03` or `zeus report uptime --formula uk --year 2026 --rapid`
    """
    settings, periods = Settings(), _periods(formula, month, year, begin, end)
    key = None if charger is None else charger.upper()
    with read_models(settings) as connection:
        of = as_of(connection, settings.tenant, position)
        if minutes_of is not None and key is not None:
            period = periods[0]
            found = intervals(connection, of, (key, minutes_of), period.begin, period.end, formula)
            if not printed("intervals", of, period, found, as_json=as_json, csv=csv, excel=excel):
                _show_intervals(found)
            return
        rows = uptime_rows(connection, of, PortFilter(charger=key, site=site, rapid=rapid), formula, periods)
    lines = [_line(row) for row in rows]
    if printed(
        "uptime", of, {"formula": formula, "periods": periods}, lines, as_json=as_json, csv=csv, excel=excel
    ):
        return
    table = [
        [
            row.period,
            f"{row.charger} {row.evse_id}" if row.charger else f"all {row.ports} ports",
            pct(row.pessimistic_pct),
            pct(row.optimistic_pct),
            _verdict(row),
            minutes(row.seconds.down_s),
            minutes(row.seconds.offline_s + row.seconds.proven_s),
            minutes(row.seconds.excluded_s),
            bar(float(row.pessimistic_pct or 0) / 100, 12),
        ]
        for row in rows
    ]
    headings = [
        "period",
        "port",
        "pessimistic",
        "optimistic",
        "meets",
        "down min",
        "offline min",
        "excluded min",
        "",
    ]
    show_table(
        headings, table, right=("pessimistic", "optimistic", "down min", "offline min", "excluded min")
    )
    say(f"Formula {formula}; {len(periods)} period(s)", of.position)


@app.command()
def utilisation(
    begin: From = None,
    end: To = None,
    tz: Zone = "UTC",
    charger: Charger = None,
    site: Site = None,
    svg: Annotated[Path | None, typer.Option(help="Write the heat map to this file as SVG.")] = None,
    position: Position = None,
    csv: AsCsv = None,
    excel: Excel = False,
    as_json: AsJson = False,
) -> None:
    """How much ports are used, and at which hours of the week.

    Example: `zeus report utilisation --from 30d --tz Europe/London --svg week.svg`
    """
    settings, span = Settings(), span_of(begin, end, tz)
    wanted = PortFilter(charger=None if charger is None else charger.upper(), site=site)
    with read_models(settings) as connection:
        of = as_of(connection, settings.tenant, position)
        rows = utilisation_rows(connection, of, wanted, span.begin, span.end)
        cells = heat_map(connection, of, wanted, span.begin, span.end, tz)
    if svg is not None:
        title = f"Use from {span.begin:%Y-%m-%d} to {span.end:%Y-%m-%d}, {tz}"
        svg.write_text(heat_map_svg(cells, title))
        typer.echo(f"The heat map is in {svg}.", err=True)
    told = {"span": span, "heat_map": cells}
    if printed("utilisation", of, told, rows, as_json=as_json, csv=csv, excel=excel):
        return
    table = [
        [
            f"{row.charger} {row.evse_id}" if row.charger else f"all {row.ports} ports",
            percent(row.utilisation),
            percent(row.idle_share),
            percent(row.energy_utilisation),
            kwh_text(row.energy_wh),
            bar(float(row.utilisation or 0)),
        ]
        for row in rows
    ]
    headings = ["port", "in use", "idle of it", "of rated energy", "kWh", ""]
    show_table(headings, table, right=headings[1:5])
    for line in heat_lines(cells, colour=console.is_terminal):
        console.print(line)
    say(f"Hours of {tz}", of.position)


_HEADINGS = {"site": "site", "charger": "charger", "evse_id": "EVSE", "id_token": "token", "day": "day"}


def _grouped(name: str, groups: Sequence[str]) -> bool:
    wanted = {"charger": ("charger", "connector"), "evse_id": ("connector",), "id_token": ("tag",)}
    return any(one in groups for one in wanted.get(name, (name,)))


def _verdict(row: UptimeRow) -> str:
    """What both bounds say is certain; else it depends on what offline chargers did."""
    if row.meets_pessimistic is None and row.meets_optimistic is None:
        return "–"
    if row.meets_pessimistic:
        return "yes"
    return "perhaps" if row.meets_optimistic else "no"


def _line(row: UptimeRow) -> UptimeLine:
    seconds: Tally = row.seconds
    plain = {name: getattr(row, name) for name in UptimeRow.__struct_fields__ if name != "seconds"}
    spent = {
        name: getattr(seconds, name)
        for name in (
            "in_service_s",
            "up_s",
            "charging_s",
            "idle_s",
            "down_s",
            "offline_s",
            "excluded_s",
            "absent_s",
        )
    }
    return UptimeLine(**plain, **spent, offline_in_use_s=seconds.proven_s)


def _show_intervals(found: Sequence[Any]) -> None:
    table = [
        [
            f"{one.begin:%Y-%m-%d %H:%M:%S}",
            minutes(one.seconds),
            str(one.state),
            one.cause,
            one.detail,
            one.exclusion or one.proven_by,
            one.event,
        ]
        for one in found
    ]
    show_table(
        ["from (UTC)", "min", "state", "cause", "detail", "excluded or proven by", "event"],
        table,
        right=("min",),
    )


def _periods(
    formula: Formula, month: str | None, year: int | None, begin: str | None, end: str | None
) -> list[Period]:
    """Raises typer.BadParameter."""
    now = clock.now().replace(microsecond=0)
    if begin is not None or end is not None:
        span = span_of(begin, end, "UTC")
        return [Period("period", span.begin, span.end)]
    if formula is Formula.UK:
        first, last = month_of(year or now.year, 1)[0], min(month_of(year or now.year, 12)[1], now)
        periods = [Period("year", first, last)]
    else:
        first, last = _month(month or f"{now:%Y-%m}")
        back = twelve_months_to(first)
        periods = [Period("month", first, min(last, now)), Period("rolling_12_months", back, min(last, now))]
    if first >= now:
        raise typer.BadParameter("this period has not begun.")
    return periods


def _month(text: str) -> tuple[datetime, datetime]:
    try:
        at = datetime.strptime(text, "%Y-%m")  # noqa: DTZ007 - only its year and month are taken
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no month: write 2026-03.") from None
    return month_of(at.year, at.month)
