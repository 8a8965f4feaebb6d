"""`/exclusions`: outages that do not count against uptime – why, by which evidence, and who says so."""

import re
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, Field

from adapters.http.action import Answered, Doing
from adapters.http.api.control import PlainQuery, connector_of
from adapters.http.api.wishes import the_charger
from adapters.http.problems import Fault, Problem, invalid
from adapters.http.route import Asked, Body, Page, PageQuery, Shape
from adapters.http.services import Services
from application.uptime import Uptime
from domain.uptime.book import ExclusionInvalid, ExclusionWithdrawnAlready, Wanted
from domain.uptime.events import Cause
from domain.uptime.formulas import Formula
from projections.availability import exclusions as queries

_ID = re.compile(r"[0-9a-f]{22,64}")


class ExclusionsQuery(PageQuery):
    """Filters of the list; the newest first."""

    charger: str | None = Field(None, max_length=48, description="The charger's id, in any case.")
    holding: bool = Field(False, description="Without those that were taken back.")


class Exclusion(Shape):
    """An exclusion."""

    id: str
    charger: str
    evse_id: int = Field(description="0: every port of the charger.")
    cause: str
    begin_at: datetime
    end_at: datetime
    evidence: str
    artefact: str
    formulas: list[str] = Field(description="Where it holds: `nevi`, `uk`.")
    approved_by: str
    declared_by: str
    declared_at: datetime
    event: str = Field(description="`stream@version`.")
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    withdrawn_event: str | None


class ExclusionBody(Body):
    """Which outages do not count, and why."""

    connector: int = Field(0, ge=0, le=999, description="The EVSE; 0: every port of the charger.")
    cause: Cause
    begin: AwareDatetime = Field(alias="from", strict=False, description="Whole seconds.")
    end: AwareDatetime = Field(alias="to", strict=False, description="Not included.")
    evidence: str = Field("", max_length=2000, description="What shows it, in words or a link.")
    artefact: str = Field("", max_length=40, description="The id of a stored file that shows it.")
    formulas: list[Formula] = Field(
        default_factory=list, max_length=2, description="Where it holds; every formula that knows the cause."
    )
    approved_by: str = Field("", max_length=100, description="Who approved it, if not who asks.")


class DeclaredExclusion(Shape):
    """Its id."""

    id: str


class Withdrawal(Body):
    """Why it is taken back."""

    reason: str = Field(min_length=1, max_length=500)


class Rating(Body):
    """What a port can deliver, by its plate."""

    kw: float = Field(gt=0, le=4000)


def list_exclusions(asked: Asked[ExclusionsQuery]) -> Page[Exclusion]:
    """The newest first."""
    query = asked.query
    rows = queries.list_exclusions(
        asked.connection,
        asked.caller.tenant,
        query.charger,
        holding=query.holding,
        after=asked.after,
        limit=query.limit,
    )
    return asked.page(Exclusion, rows)


def one_exclusion(asked: Asked[PlainQuery]) -> Exclusion | None:
    """Whether it holds or not."""
    name = asked.path["id"]
    row = queries.get_exclusion(asked.connection, asked.caller.tenant, name) if _ID.fullmatch(name) else None
    return None if row is None else Exclusion.model_validate(row)


async def declare_exclusion(doing: Doing[PlainQuery, ExclusionBody]) -> Answered | None:
    """Only outages are taken: what counts for uptime goes on to count, so no exclusion ever lowers it."""
    body, charger = doing.body, (await the_charger(doing)).id
    wanted = Wanted(
        evse_id=body.connector,
        cause=body.cause,
        begin=body.begin.astimezone(UTC),
        end=body.end.astimezone(UTC),
        evidence=body.evidence,
        artefact=body.artefact,
        formulas=tuple(body.formulas),
        approved_by=body.approved_by,
    )
    try:
        name = await _uptime(doing).exclude(charger.key, wanted, doing.key)
    except ExclusionInvalid as error:
        raise invalid(Fault("body", str(error))) from None
    return Answered(DeclaredExclusion(id=name), 201, f"/api/ocpp/exclusions/{name}")


async def withdraw_exclusion(doing: Doing[PlainQuery, Withdrawal]) -> Answered | None:
    """By an event of its own: reports as of before it still know it."""
    tenant, name = doing.caller.tenant, doing.path["id"]
    if not _ID.fullmatch(name):
        return None
    row = await doing.read(lambda connection: queries.get_exclusion(connection, tenant, name))
    if row is None:
        return None
    try:
        await _uptime(doing).withdraw(row.charger, name, doing.body.reason)
    except ExclusionWithdrawnAlready as error:
        raise Problem("ended", "This exclusion was withdrawn before.") from error
    return Answered(None, 204)


async def rate_port(doing: Doing[PlainQuery, Rating]) -> Answered | None:
    """For energy utilisation, and for what the UK calls rapid. `{n}` is the EVSE."""
    evse_id, charger = connector_of(doing), (await the_charger(doing)).id
    await _uptime(doing).rate(charger.key, evse_id, round(doing.body.kw * 1000))
    return Answered(None, 204)


def _uptime(doing: Doing[Any, Any]) -> Uptime:
    services: Services = doing.services
    return Uptime(services.store, doing.caller.tenant, doing.caller.name, doing.request_id)
