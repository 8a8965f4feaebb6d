"""`zeus board`: every charger and connector as it is now, live in the terminal."""

import contextlib
import math
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from application import clock
from entrypoints.commands.board_rows import SKEW_SHOWN_S, Place, Totals, load, load_then, totals_of
from entrypoints.commands.opening import AsJson, console, print_json
from entrypoints.commands.reading import clean, kw_text, kwh_text, moment, read_models, show_table, span_text
from entrypoints.settings import Settings
from projections.alarms.queries import open_critical
from projections.status_board.queries import ChargerFilter

REFRESH_S = 1.0
PAGE_S = 8.0
"""A fleet longer than the screen turns its pages this often."""
WIDE = 110
"""From this many columns on there is room for names and last words."""

SIGNS = {
    "Faulted": ("✖", "bold red"),
    "Charging": ("⚡", "bold green"),
    "Occupied": ("●", "yellow"),
    "Offline": ("○", "dim"),
    "Unavailable": ("–", "magenta"),
    "Reserved": ("◆", "cyan"),
    "Available": ("✓", "green"),
}
"""A sign and a colour a status; the word stands beside them, for not everybody sees colours."""

HEADINGS = (
    "charger",
    "evse",
    "connector",
    "status",
    "detail",
    "energy_kwh",
    "power_kw",
    "soc_pct",
    "since",
    "last_seen",
    "clock_skew_s",
)


def board(
    once: Annotated[bool, typer.Option("--once", help="Print it once instead of staying.")] = False,
    status: Annotated[
        str | None, typer.Option(help="Only chargers with a connector in this status, such as Faulted.")
    ] = None,
    online: Annotated[
        bool | None, typer.Option("--online/--offline", help="Only chargers that are, or are not, connected.")
    ] = None,
    find: Annotated[
        str, typer.Option("--find", "-f", help="A part of the id, name, vendor, model or serial number.")
    ] = "",
    site: Annotated[str | None, typer.Option(help="Only chargers of this site.")] = None,
    at: Annotated[
        str | None, typer.Option(help="As it was then: 2026-05-04T12:30Z, or 2h for two hours ago.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show every charger and connector as it is now: faults first, then who is charging.

    Stays and follows on a terminal (Ctrl-C ends it); prints once into a file or a pipe. With --at it is
    computed from the log, and shows what it showed then.

    Example: `zeus board`

    Example: `zeus board --once --status Faulted`

    Example: `zeus board --site north --at 2h`
    """
    settings = Settings()
    wanted = ChargerFilter(online=online, status=status, site=site, q=find)
    then = moment(at)
    with read_models(settings) as connection:
        if then is not None:
            (places, critical), now = (load_then(connection, settings.tenant, wanted, then), 0), then
        else:
            (places, critical), now = _now(connection, settings, wanted), clock.now()
        if as_json:
            totals = totals_of(places)
            print_json({"at": now, "critical_alarms": critical, "totals": totals, "places": places})
        elif not console.is_terminal:
            show_table(HEADINGS, [_cells(place, now) for place in places])
        elif once or then is not None:
            console.print(screen(places, now, console.width, None, critical))
        else:
            _follow(connection, settings, wanted)


def _follow(connection: Connection, settings: Settings, wanted: ChargerFilter) -> None:
    began = clock.monotonic()
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            places, critical = _now(connection, settings, wanted)
            turn = int((clock.monotonic() - began) / PAGE_S)
            page = (console.height, turn)
            live.update(screen(places, clock.now(), console.width, page, critical), refresh=True)
            time.sleep(REFRESH_S)


def _now(connection: Connection, settings: Settings, wanted: ChargerFilter) -> tuple[list[Place], int]:
    """The places, and how many critical alarms nobody looks after."""
    places = load(connection, settings.tenant, wanted)
    critical = open_critical(connection, settings.tenant)
    connection.rollback()  # the next look begins with a new snapshot
    return places, critical


def screen(
    places: Sequence[Place], now: datetime, width: int, page: tuple[int, int] | None, critical: int = 0
) -> RenderableType:
    """The whole board, or with `page` = (height, turn) the page that is due."""
    shown, of = places, ""
    if page is not None:
        height, turn = page
        room = max(1, height - 5)
        pages = max(1, math.ceil(len(places) / room))
        first = turn % pages * room
        shown = places[first : first + room]
        of = f"page {turn % pages + 1} of {pages} · " if pages > 1 else ""
    if not places:
        return Text(
            "No charger to show. Make one known with `zeus charger add CP-001`, or see `zeus attempts`."
        )
    foot = Text(f"{of}{now:%H:%M:%S} UTC" + (" · Ctrl-C ends" if page else ""), style="dim")
    return Group(_heading(totals_of(places), critical), Text(), _table(shown, now, width), foot)


def _heading(totals: Totals, critical: int) -> Text:
    text = Text()
    if critical:
        text.append(f"✖ {critical} critical alarm{'s' if critical > 1 else ''} · ", style="bold red")
    text.append(f"{totals.online} of {totals.chargers} chargers online", style="bold")
    text.append(f" · {totals.sessions} sessions · {kw_text(totals.power_w)} kW")
    for word, count in sorted(totals.statuses.items(), key=lambda item: -item[1]):
        sign, style = SIGNS.get(word, ("?", ""))
        text.append(" · ").append(f"{sign} {count} {word}", style=style)
    return text


def _table(places: Sequence[Place], now: datetime, width: int) -> Table:
    wide = width >= WIDE
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0), expand=False)
    table.add_column("Charger", no_wrap=True, max_width=30 if wide else 14)
    if wide:
        table.add_column("Name", no_wrap=True, max_width=24)
    table.add_column("EVSE", no_wrap=True)
    table.add_column("Status", no_wrap=True, max_width=44 if wide else 24)
    for heading in ("kWh", "kW", "SoC"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Since", justify="right", no_wrap=True)
    if wide:
        table.add_column("OCPP", no_wrap=True)
    table.add_column("Seen", justify="right", no_wrap=True)
    for place in places:
        table.add_row(*_row(place, now, wide=wide))
    return table


def _row(place: Place, now: datetime, *, wide: bool) -> list[Text]:
    energy = place.energy_wh if place.session else None
    cells = [Text(clean(place.charger)), *([Text(clean(place.name))] if wide else []), Text(_evse(place))]
    cells += [_status_text(place), Text(kwh_text(energy)), Text(kw_text(place.power_w)), Text(_soc(place))]
    cells += [Text(_ago(place.since, now)), *([Text(place.protocol or "–")] if wide else [])]
    return [*cells, Text(_ago(place.last_seen, now))]


def _status_text(place: Place) -> Text:
    sign, style = SIGNS.get(place.status, ("?", ""))
    text = Text(f"{sign} {clean(place.status)}", style=style)
    if place.clock_skew_s is not None and abs(place.clock_skew_s) >= SKEW_SHOWN_S:
        text.append(f" ⏱ {skew_text(place.clock_skew_s)}", style="yellow")
    if place.detail:
        text.append(f" {clean(place.detail)}", style="dim")
    return text


def skew_text(skew_s: int) -> str:
    """How wrong the charger's clock is: `+` is ahead of us."""
    return f"{'-' if skew_s > 0 else '+'}{span_text(abs(skew_s))}"


def _evse(place: Place) -> str:
    if place.evse_id is None:
        return "–"
    return f"{place.evse_id}" if place.connector_id in (0, 1) else f"{place.evse_id}.{place.connector_id}"


def _soc(place: Place) -> str:
    return "–" if place.soc_pct is None else f"{place.soc_pct:.0f} %"


def _ago(at: datetime | None, now: datetime) -> str:
    return "–" if at is None else span_text((now - at).total_seconds())


def _cells(place: Place, now: datetime) -> list[str]:
    """For programs that read lines: everything, times as they are."""
    return [
        place.charger,
        str(place.evse_id or ""),
        str(place.connector_id or ""),
        place.status,
        place.detail,
        kwh_text(place.energy_wh if place.session else None),
        kw_text(place.power_w),
        _soc(place),
        place.since.isoformat() if place.since else "",
        place.last_seen.isoformat() if place.last_seen else "",
        "" if place.clock_skew_s is None else str(place.clock_skew_s),
    ]
