"""`zeus report`: how starts fare, what goes wrong, and how long ports hold."""

from typing import Annotated

import typer

from entrypoints.commands.opening import AsJson, console
from entrypoints.commands.reading import read_models, show_table, span_text
from entrypoints.commands.report_options import (
    AsCsv,
    Charger,
    Excel,
    From,
    Position,
    Site,
    To,
    as_of,
    dimensions,
    printed,
    say,
    span_of,
    text_of,
)
from entrypoints.commands.report_pictures import bar, pct
from entrypoints.settings import Settings
from projections.availability.queries import PortFilter
from projections.reports.quality import DIMENSIONS, Scope
from projections.reports.quality import commands as command_rows
from projections.reports.quality import errors as error_rows
from projections.reports.quality import funnel as funnel_rows
from projections.reports.quality import reliability as reliability_rows


def funnel(
    by: Annotated[
        str, typer.Option(help="Of protocol, vendor, model, firmware, charger, with commas.")
    ] = "model",
    begin: From = None,
    end: To = None,
    charger: Charger = None,
    position: Position = None,
    csv: AsCsv = None,
    excel: Excel = False,
    as_json: AsJson = False,
) -> None:
    """How far drivers come: plugged in, authorised, started, first energy, properly ended.

    Example: `zeus report funnel --by model,firmware --from 7d`
    """
    settings, span, groups = Settings(), span_of(begin, end, "UTC"), dimensions(by, DIMENSIONS)
    with read_models(settings) as connection:
        of = as_of(connection, settings.tenant, position)
        key = None if charger is None else charger.upper()
        rows = funnel_rows(connection, Scope(of=of, begin=span.begin, end=span.end, charger=key), groups)
    if printed("funnel", of, span, rows, as_json=as_json, csv=csv, excel=excel):
        return
    steps = ("attempts", "plugged", "authorised", "started", "energised", "stopped_properly")
    for row in rows:
        name = " ".join(getattr(row, one) or "?" for one in groups) or "all chargers"
        console.print(
            f"{name}: success {pct(row.success_pct)}, {row.refused} refused, {row.running} running",
            markup=False,
        )
        for step in steps:
            count = getattr(row, step)
            share = count / row.attempts if row.attempts else 0
            console.print(f"  {step.replace('_', ' '):<17}{count:>8}  {bar(share, 30)}", markup=False)
    say(f"{sum(row.attempts for row in rows)} attempts", of.position)


def errors(
    by: Annotated[
        str, typer.Option(help="Of protocol, vendor, model, firmware, charger, with commas.")
    ] = "model",
    kind: Annotated[
        str | None, typer.Option(help="Only status, security, callerror, rubbish or refused.")
    ] = None,
    begin: From = None,
    end: To = None,
    charger: Charger = None,
    position: Position = None,
    csv: AsCsv = None,
    excel: Excel = False,
    as_json: AsJson = False,
) -> None:
    """What goes wrong, by model and firmware: the most frequent first.

    Example: `zeus report errors --by model,firmware --kind status`
    """
    settings, span, groups = Settings(), span_of(begin, end, "UTC"), dimensions(by, DIMENSIONS)
    with read_models(settings) as connection:
        of = as_of(connection, settings.tenant, position)
        key = None if charger is None else charger.upper()
        scope = Scope(of=of, begin=span.begin, end=span.end, charger=key, kind=kind)
        rows = error_rows(connection, scope, groups)
    if printed("errors", of, span, rows, as_json=as_json, csv=csv, excel=excel):
        return
    most = max((row.count for row in rows), default=1)
    table = [
        [
            row.kind,
            row.code,
            *(text_of(getattr(row, name)) for name in groups),
            str(row.count),
            str(row.chargers),
            span_text(row.mean_s),
            bar(row.count / most),
        ]
        for row in rows
    ]
    headings = ["kind", "code", *groups, "count", "chargers", "lasts", ""]
    show_table(headings, table, right=("count", "chargers", "lasts"))
    say(f"{sum(row.count for row in rows)} errors", of.position)


def reliability(
    begin: From = None,
    end: To = None,
    charger: Charger = None,
    site: Site = None,
    position: Position = None,
    csv: AsCsv = None,
    excel: Excel = False,
    as_json: AsJson = False,
) -> None:
    """Mean time between failures and to repair by model and firmware, and commands that were right at once.

    Example: `zeus report reliability --from 365d`
    """
    settings, span = Settings(), span_of(begin, end, "UTC")
    key = None if charger is None else charger.upper()
    with read_models(settings) as connection:
        of = as_of(connection, settings.tenant, position)
        rows = reliability_rows(connection, of, PortFilter(charger=key, site=site), span.begin, span.end)
        asked = command_rows(connection, Scope(of=of, begin=span.begin, end=span.end, charger=key))
    if printed(
        "reliability", of, {"span": span, "commands": asked}, rows, as_json=as_json, csv=csv, excel=excel
    ):
        return
    table = [
        [
            " ".join(part for part in (row.vendor, row.model, row.firmware) if part) or "?",
            str(row.ports),
            str(row.failures),
            span_text(row.mtbf_s),
            span_text(row.mttr_s),
        ]
        for row in rows
    ]
    show_table(
        ["model", "ports", "failures", "between failures", "to repair"], table, right=("ports", "failures")
    )
    show_table(
        ["command", "requested", "agreed", "right at once"],
        [[one.intent, str(one.requested), str(one.agreed), pct(one.first_time_right_pct)] for one in asked],
        right=("requested", "agreed", "right at once"),
    )
    say(f"{sum(row.failures for row in rows)} failures", of.position)
