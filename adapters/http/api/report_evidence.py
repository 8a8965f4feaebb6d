"""`/reports/…`: what figures are made of – sessions, intervals, attempts, errors – down to their events."""

from datetime import timedelta
from typing import Any

import msgspec
from pydantic import Field
from starlette.requests import Request
from starlette.types import ASGIApp

from adapters.http.action import Answered, Doing, NoBody
from adapters.http.api.report_answer import answer
from adapters.http.api.report_shapes import (
    AttemptItem,
    FaultItem,
    IntervalItem,
    IntervalsReport,
    SessionShareItem,
)
from adapters.http.api.values import as_stored
from adapters.http.problems import Fault, invalid
from adapters.http.report_query import EvidenceQuery, ReportQuery, link, span_of, standing_for, text_of
from adapters.http.route import Asked, Page
from domain.uptime.formulas import Formula
from projections.availability.queries import AsOf, intervals
from projections.reports.edition import edition
from projections.reports.energy import session_shares
from projections.reports.quality import DIMENSIONS, Scope, attempts, faults
from projections.session_figures.queries import SessionsWanted

LONGEST = timedelta(days=367)
INTERVAL_COLUMNS = tuple(IntervalItem.model_fields)
SESSION_COLUMNS = tuple(SessionShareItem.model_fields)
ATTEMPT_COLUMNS = tuple(AttemptItem.model_fields)
FAULT_COLUMNS = tuple(FaultItem.model_fields)


class SharesQuery(EvidenceQuery):
    """Which figure of energy."""

    site: str | None = Field(None, max_length=80)
    evse: int | None = Field(None, ge=0, le=2**31 - 1, description="0: sessions that name none.")
    connector: int | None = Field(None, ge=0, le=2**31 - 1, description="0: sessions that name none.")
    tag: str | None = Field(None, max_length=255, description="Empty: sessions without one.")


class IntervalsQuery(ReportQuery):
    """Which port, and whose exclusions."""

    charger: str = Field(max_length=48, description="In any case.")
    evse: int = Field(ge=0, le=2**31 - 1)
    formula: Formula = Formula.NEVI


class NatureQuery(EvidenceQuery):
    """Which group; empty: of what nobody told."""

    protocol: str | None = Field(None, max_length=255)
    vendor: str | None = Field(None, max_length=255)
    model: str | None = Field(None, max_length=255)
    firmware: str | None = Field(None, max_length=255)


class FaultsQuery(NatureQuery):
    """Which errors."""

    kind: str | None = Field(None, max_length=20)
    code: str | None = Field(None, max_length=255)


def report_sessions(asked: Asked[SharesQuery]) -> Page[SessionShareItem]:
    """The sessions behind a figure of energy, the earliest first: their part of it, and their events."""
    query, span = asked.query, span_of(asked.query, asked.now)
    wanted = SessionsWanted(
        tenant=asked.caller.tenant,
        position=standing_for(asked.connection, asked, query.as_of).position,
        begin=span.begin,
        end=span.end,
        zone=span.zone,
        charger=None if query.charger is None else query.charger.upper(),
        site=query.site,
        evse_id=query.evse,
        connector_id=query.connector,
        id_token=as_stored(query.tag, asked.pseudonyms),
    )
    rows, more = session_shares(asked.connection, wanted, after=asked.after, limit=query.limit)
    items = [SessionShareItem.model_validate(row) for row in rows]
    return Page[SessionShareItem](
        items=items, next=asked.mark((rows[-1].begin_at, rows[-1].session)) if more else None
    )


async def report_intervals(doing: Doing[IntervalsQuery, NoBody], request: Request) -> ASGIApp | Answered:
    """Every second of a port, in order and without gaps, with the event behind each change."""
    query, span = doing.query, span_of(doing.query, doing.now)
    if span.end - span.begin > LONGEST:
        raise invalid(Fault("from", "The intervals of a year at most."))
    key = (query.charger.upper(), query.evse)

    def make(connection: Any) -> IntervalsReport:
        at = standing_for(connection, doing.asking, query.as_of)
        of = AsOf(doing.caller.tenant, at.position)
        found = intervals(connection, of, key, span.begin, span.end, query.formula)
        told = {"charger": key[0], "evse": key[1], "formula": str(query.formula), "tz": span.zone}
        told |= {"from": text_of(span.begin), "to": text_of(span.end)}
        return IntervalsReport(
            report="intervals",
            as_of_position=at.place,
            edition=edition(),
            parameters=told,
            again=link("/reports/uptime/intervals", {**told, "as_of": at.place}),
            items=[
                IntervalItem(
                    **{**msgspec.structs.asdict(one), "position": doing.asking.hide(one.position)},
                    seconds=one.seconds,
                )
                for one in found
            ],
        )

    report = await doing.read(make)
    return await answer(request, doing, report, INTERVAL_COLUMNS)


def report_attempts(asked: Asked[NatureQuery]) -> Page[AttemptItem]:
    """The attempts behind a funnel, the earliest first, with the event of every step."""
    rows = attempts(asked.connection, _scope(asked), after=asked.after, limit=asked.query.limit)
    shown = rows[: asked.query.limit]
    items = [
        AttemptItem(**{**msgspec.structs.asdict(row), "attempt": asked.hide(row.attempt)}) for row in shown
    ]
    more = len(rows) > len(shown)
    return Page[AttemptItem](
        items=items, next=asked.mark((shown[-1].begun_at, shown[-1].attempt)) if more else None
    )


def report_faults(asked: Asked[FaultsQuery]) -> Page[FaultItem]:
    """The errors behind a count, the earliest first, with their events."""
    query = asked.query
    scope = msgspec.structs.replace(_scope(asked), kind=query.kind, code=query.code)
    rows = faults(asked.connection, scope, after=asked.after, limit=query.limit)
    shown = rows[: query.limit]
    items = [
        FaultItem(**{**msgspec.structs.asdict(row), "position": asked.hide(row.position)}) for row in shown
    ]
    more = len(rows) > len(shown)
    return Page[FaultItem](items=items, next=asked.mark((shown[-1].at, shown[-1].position)) if more else None)


def _scope(asked: Asked[Any]) -> Scope:
    query, span = asked.query, span_of(asked.query, asked.now)
    named = {name: getattr(query, name, None) for name in DIMENSIONS if name != "charger"}
    return Scope(
        of=AsOf(asked.caller.tenant, standing_for(asked.connection, asked, query.as_of).position),
        begin=span.begin,
        end=span.end,
        charger=None if query.charger is None else query.charger.upper(),
        nature={name: value for name, value in named.items() if value is not None},
    )
