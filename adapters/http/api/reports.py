"""`/reports`: figures made of the log, as of one of its positions; each opens to what it is made of."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal

import msgspec
from pydantic import Field
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.types import ASGIApp

from adapters.http.action import Answered, Doing, NoBody
from adapters.http.api.report_answer import PICTURED, answer, media_type, picture
from adapters.http.api.report_shapes import (
    CommandItem,
    EnergyItem,
    EnergyReport,
    ErrorItem,
    ErrorsReport,
    FunnelItem,
    FunnelReport,
    HeatItem,
    ReliabilityItem,
    ReliabilityReport,
    UptimeItem,
    UptimeReport,
    UtilisationItem,
    UtilisationReport,
)
from adapters.http.api.values import as_stored
from adapters.http.heat_map_svg import SVG, heat_map_svg
from adapters.http.problems import Fault, invalid
from adapters.http.report_query import (
    ReportQuery,
    Span,
    Standing,
    latest,
    link,
    month_named,
    span_of,
    standing_for,
    text_of,
    zone_named,
)
from domain.calendar import midnight, month_of, twelve_months_to
from domain.uptime.formulas import Formula
from projections.availability.queries import AsOf, PortFilter
from projections.reports.edition import edition
from projections.reports.energy import energy
from projections.reports.quality import DIMENSIONS, Scope, commands, errors, funnel, reliability
from projections.reports.uptime import Period, UptimeRow, uptime_rows
from projections.reports.utilisation import heat_map, utilisation_rows
from projections.session_figures.queries import DIMENSIONS as GROUPS
from projections.session_figures.queries import Figures, SessionsWanted

Json = dict[str, Any]

ENERGY_COLUMNS = tuple(name for name in EnergyItem.model_fields if name != "evidence")
UPTIME_COLUMNS = tuple(name for name in UptimeItem.model_fields if name != "evidence")
UTILISATION_COLUMNS = tuple(name for name in UtilisationItem.model_fields if name != "evidence")
FUNNEL_COLUMNS = tuple(name for name in FunnelItem.model_fields if name != "evidence")
ERROR_COLUMNS = tuple(name for name in ErrorItem.model_fields if name != "evidence")
RELIABILITY_COLUMNS = tuple(ReliabilityItem.model_fields)

SITE = Field(None, max_length=80, description="Only of chargers of this site; empty: of none.")


class EnergyQuery(ReportQuery):
    """Energy and sessions."""

    by: str = Field(
        "charger", max_length=60, description="Of `site`, `charger`, `connector`, `tag`, `day`, with commas."
    )
    site: str | None = SITE
    tag: str | None = Field(None, max_length=255, description="Only of this id token; empty: without one.")


class UptimeQuery(ReportQuery):
    """Uptime by a formula: of a month and the twelve up to its end, of a year, or of a period."""

    formula: Formula = Formula.NEVI
    month: str | None = Field(
        None, max_length=7, description="NEVI: `2026-03`; the current one where left out."
    )
    year: int | None = Field(
        None, ge=1970, le=8999, description="UK: the calendar year; the current one where left out."
    )
    site: str | None = SITE
    rapid: bool = Field(False, description="Only ports rated 50 kW or more, as the UK counts.")


class UtilisationQuery(ReportQuery):
    """How much ports are used."""

    site: str | None = SITE
    format: Literal["json", "csv", "svg"] | None = Field(  # type: ignore[assignment]  # one more than the others
        None, description="Instead of `Accept`, for a link in a browser; `svg`: the heat map."
    )


class QualityQuery(ReportQuery):
    """Grouped by what chargers are."""

    by: str = Field(
        "model",
        max_length=60,
        description="Of `protocol`, `vendor`, `model`, `firmware`, `charger`, with commas; may be empty.",
    )


class ErrorsQuery(QualityQuery):
    """Of one kind, or of all."""

    kind: Literal["status", "security", "callerror", "rubbish", "refused"] | None = None


class ReliabilityQuery(ReportQuery):
    """By maker, model and firmware."""

    site: str | None = SITE


async def energy_report(doing: Doing[EnergyQuery, NoBody], request: Request) -> ASGIApp | Answered:
    """Exact whole Wh. A session that midnight or the period cuts is split by its readings of the register."""
    query, span = doing.query, span_of(doing.query, doing.now)
    by = _dimensions(query.by, GROUPS)

    def make(connection: Connection) -> EnergyReport:
        at = standing_for(connection, doing.asking, query.as_of)
        wanted = SessionsWanted(
            tenant=doing.caller.tenant,
            position=at.position,
            begin=span.begin,
            end=span.end,
            zone=span.zone,
            charger=_key(query.charger),
            site=query.site,
            id_token=as_stored(query.tag, doing.asking.pseudonyms),
        )
        asked = {**_span(span), "charger": query.charger, "site": query.site, "tag": query.tag}
        rows = energy(connection, wanted, by)
        items = [
            EnergyItem(**msgspec.structs.asdict(row), evidence=_sessions(row, by, span, asked, at))
            for row in rows
        ]
        head = _head("energy", at, {**asked, "by": ",".join(by)})
        return EnergyReport(**head, items=items)

    report = await doing.read(make)
    return await answer(request, doing, report, ENERGY_COLUMNS)


async def uptime_report(doing: Doing[UptimeQuery, NoBody], request: Request) -> ASGIApp | Answered:
    """By 23 CFR 680.116(b), or by the Public Charge Point Regulations 2023; with both bounds for offline time."""
    query = doing.query
    periods, asked = _periods(query, doing.now)

    def make(connection: Connection) -> UptimeReport:
        at = standing_for(connection, doing.asking, query.as_of)
        wanted = PortFilter(charger=_key(query.charger), site=query.site, rapid=query.rapid)
        rows = uptime_rows(connection, AsOf(doing.caller.tenant, at.position), wanted, query.formula, periods)
        return UptimeReport(
            **_head("uptime", at, asked),
            items=[_uptime_item(row, query.formula, at) for row in rows],
        )

    report = await doing.read(make)
    return await answer(request, doing, report, UPTIME_COLUMNS)


async def utilisation_report(doing: Doing[UtilisationQuery, NoBody], request: Request) -> ASGIApp | Answered:
    """Seconds in use by port, and by the hour of the local week; as SVG the heat map alone."""
    query, span = doing.query, span_of(doing.query, doing.now)

    def make(connection: Connection) -> tuple[UtilisationReport, str]:
        at = standing_for(connection, doing.asking, query.as_of)
        of, wanted = (
            AsOf(doing.caller.tenant, at.position),
            PortFilter(charger=_key(query.charger), site=query.site),
        )
        cells = heat_map(connection, of, wanted, span.begin, span.end, span.zone)
        asked = {**_span(span), "charger": query.charger, "site": query.site}
        rows = utilisation_rows(connection, of, wanted, span.begin, span.end)
        items = [
            UtilisationItem(
                **msgspec.structs.asdict(row),
                evidence=_intervals(row.charger, row.evse_id, span.begin, span.end, Formula.NEVI, at),
            )
            for row in rows
        ]
        head = _head("utilisation", at, asked)
        title = f"Use from {text_of(span.begin)} to {text_of(span.end)}, {span.zone}"
        hours = [HeatItem.model_validate(cell) for cell in cells]
        return UtilisationReport(**head, items=items, heat_map=hours), heat_map_svg(cells, title)

    report, svg = await doing.read(make)
    if media_type(request, query, PICTURED) == SVG:
        return picture(report, svg)
    return await answer(request, doing, report, UTILISATION_COLUMNS)


async def funnel_report(doing: Doing[QualityQuery, NoBody], request: Request) -> ASGIApp | Answered:
    """Plugged in, authorised, started, first energy, properly ended: of every attempt that began in the period."""
    query, span = doing.query, span_of(doing.query, doing.now)
    by = _dimensions(query.by, DIMENSIONS)

    def make(connection: Connection) -> FunnelReport:
        at = standing_for(connection, doing.asking, query.as_of)
        rows = funnel(connection, _scope(doing, span, at), by)
        asked = {**_span(span), "charger": query.charger}
        items = [
            FunnelItem(**msgspec.structs.asdict(row), evidence=_behind("funnel/attempts", asked, by, row, at))
            for row in rows
        ]
        return FunnelReport(**_head("funnel", at, {**asked, "by": ",".join(by)}), items=items)

    report = await doing.read(make)
    return await answer(request, doing, report, FUNNEL_COLUMNS)


async def errors_report(doing: Doing[ErrorsQuery, NoBody], request: Request) -> ASGIApp | Answered:
    """Errors that connectors told, security events, calls answered with an error, rubbish, refused handshakes."""
    query, span = doing.query, span_of(doing.query, doing.now)
    by = _dimensions(query.by, DIMENSIONS)

    def make(connection: Connection) -> ErrorsReport:
        at = standing_for(connection, doing.asking, query.as_of)
        rows = errors(connection, _scope(doing, span, at, query.kind), by)
        asked = {**_span(span), "charger": query.charger, "kind": query.kind}
        items = [
            ErrorItem(
                **msgspec.structs.asdict(row),
                evidence=_behind("errors/faults", {**asked, "kind": row.kind, "code": row.code}, by, row, at),
            )
            for row in rows
        ]
        return ErrorsReport(**_head("errors", at, {**asked, "by": ",".join(by)}), items=items)

    report = await doing.read(make)
    return await answer(request, doing, report, ERROR_COLUMNS)


async def reliability_report(doing: Doing[ReliabilityQuery, NoBody], request: Request) -> ASGIApp | Answered:
    """Mean time between failures and to repair by model and firmware, and commands that were right at once."""
    query, span = doing.query, span_of(doing.query, doing.now)

    def make(connection: Connection) -> ReliabilityReport:
        at = standing_for(connection, doing.asking, query.as_of)
        wanted = PortFilter(charger=_key(query.charger), site=query.site)
        of = AsOf(doing.caller.tenant, at.position)
        rows = reliability(connection, of, wanted, span.begin, span.end)
        asked = {**_span(span), "charger": query.charger, "site": query.site}
        return ReliabilityReport(
            **_head("reliability", at, asked),
            items=[ReliabilityItem.model_validate(row) for row in rows],
            commands=[
                CommandItem.model_validate(row) for row in commands(connection, _scope(doing, span, at))
            ],
        )

    report = await doing.read(make)
    return await answer(request, doing, report, RELIABILITY_COLUMNS)


def _head(report: str, at: Standing, parameters: Mapping[str, Any]) -> Json:
    told = {
        name: _plain(value) for name, value in parameters.items() if value is not None and value is not False
    }
    return {
        "report": report,
        "as_of_position": at.place,
        "edition": edition(),
        "parameters": told,
        "again": link(f"/reports/{report}", {**parameters, "as_of": at.place}),
    }


def _plain(value: Any) -> Any:
    return text_of(value) if isinstance(value, datetime) else value


def _span(span: Span) -> Json:
    return {"from": span.begin, "to": span.end, "tz": span.zone}


def _scope(doing: Doing[Any, NoBody], span: Span, at: Standing, kind: str | None = None) -> Scope:
    of = AsOf(doing.caller.tenant, at.position)
    return Scope(of=of, begin=span.begin, end=span.end, charger=_key(doing.query.charger), kind=kind)


def _key(charger: str | None) -> str | None:
    return None if charger is None else charger.upper()


def _dimensions(text: str, known: tuple[str, ...]) -> list[str]:
    """In the order that was asked for, each once."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not set(found) <= set(known):
        raise invalid(Fault("by", f"Known here: {', '.join(known)}."))
    return list(dict.fromkeys(found))


def _sessions(row: Figures, by: list[str], span: Span, asked: Json, at: Standing) -> str:
    """The sessions of one group, by the same position; what nobody told is asked for by nothing."""
    begin, end = (span.begin, span.end) if row.day is None else _day_of(row.day, span)
    chosen = {**asked, "from": begin, "to": end, "as_of": at.place}
    if "site" in by:
        chosen["site"] = row.site or ""
    if "charger" in by or "connector" in by:
        chosen["charger"] = row.charger
    if "connector" in by:
        chosen |= {"evse": row.evse_id or 0, "connector": row.connector_id or 0}
    if "tag" in by:
        chosen["tag"] = row.id_token or ""
    return link("/reports/energy/sessions", chosen)


def _day_of(day: date, span: Span) -> tuple[datetime, datetime]:
    zone = zone_named(span.zone)
    return max(midnight(day, zone), span.begin), min(midnight(day + timedelta(days=1), zone), span.end)


def _behind(path: str, asked: Json, by: list[str], row: Any, at: Standing) -> str:
    groups = {name: getattr(row, name) or "" for name in by}
    return link(f"/reports/{path}", {**asked, **groups, "as_of": at.place})


def _intervals(
    charger: str, evse_id: int | None, begin: datetime, end: datetime, formula: Formula, at: Standing
) -> str | None:
    if not charger:
        return None
    asked = {
        "charger": charger,
        "evse": evse_id,
        "from": begin,
        "to": end,
        "formula": formula,
        "as_of": at.place,
    }
    return link("/reports/uptime/intervals", asked)


def _uptime_item(row: UptimeRow, formula: Formula, at: Standing) -> UptimeItem:
    seconds = row.seconds
    plain = {name: getattr(row, name) for name in UptimeRow.__struct_fields__ if name not in ("seconds",)}
    return UptimeItem(
        **plain,
        in_service_s=seconds.in_service_s,
        up_s=seconds.up_s,
        charging_s=seconds.charging_s,
        idle_s=seconds.idle_s,
        down_s=seconds.down_s,
        offline_s=seconds.offline_s,
        offline_in_use_s=seconds.proven_s,
        excluded_s=seconds.excluded_s,
        absent_s=seconds.absent_s,
        evidence=_intervals(row.charger, row.evse_id, row.begin, row.end, formula, at),
    )


def _periods(query: UptimeQuery, now: datetime) -> tuple[list[Period], Json]:
    """Minutes of UTC, and none to come. Raises a 422 Problem."""
    told = {"formula": query.formula, "charger": query.charger, "site": query.site, "rapid": query.rapid}
    if (query.since or query.until) and query.month is None and query.year is None:
        span = span_of(query, now)
        return [Period("period", span.begin, span.end)], {**told, **_span(span)}
    until = latest(query, now)
    if query.formula is Formula.UK:
        year = query.year or until.year
        begin, end = month_of(year, 1)[0], min(month_of(year, 12)[1], until)
        periods = [Period("year", begin, end)]
        named: Json = {"year": year}
    else:
        begin, end = month_named(query.month or f"{until:%Y-%m}")
        end = min(end, until)
        periods = [Period("month", begin, end), Period("rolling_12_months", twelve_months_to(begin), end)]
        named = {"month": f"{begin:%Y-%m}"}
    if begin >= end:
        raise invalid(Fault("month" if query.formula is Formula.NEVI else "year", "It has not begun."))
    return periods, {**told, **named, "to": until}
