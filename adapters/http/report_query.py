"""What every report is asked with: a period, a time zone, and the position of the log it is as of."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from pydantic import Field
from sqlalchemy import Connection

from adapters.http.positions import PositionUnreadable
from adapters.http.problems import Fault, Problem, invalid
from adapters.http.route import Asked as AskedPage
from adapters.http.route import Asking, PageQuery, Query
from domain.calendar import ZoneUnknown, midnight, month_of, zone_of
from projections.reports.standing import NotBuilt, PositionAhead, position_of

LONGEST = timedelta(days=1100)
DEFAULT_SPAN = timedelta(days=30)

_PLACE = re.compile(r"[A-Za-z0-9_-]{22}")

FROM = Field(
    None, alias="from", max_length=40, description="A day of `tz`, or an instant; 30 days ago where left out."
)
TO = Field(
    None, alias="to", max_length=40, description="A day or an instant, not included; now at the latest."
)
ZONE = Field("UTC", max_length=60, description="Whose days: an IANA name, such as `Europe/London`.")
AS_OF = Field(
    None,
    max_length=40,
    description="The place in the log that a report told, or an instant: what was known then; the newest if left out.",
)
CHARGER = Field(None, max_length=48, description="Only of this charger, in any case.")
SITE = Field(None, max_length=80, description="Only of chargers of this site.")
EXCEL = Field(False, description="CSV for Excel: byte order mark, semicolons, decimal commas.")
FORMAT = Field(None, description="Instead of `Accept`, for a link in a browser.")


class ReportQuery(Query):
    """What all reports take."""

    since: str | None = FROM
    until: str | None = TO
    tz: str = ZONE
    as_of: str | None = AS_OF
    charger: str | None = CHARGER
    excel: bool = EXCEL
    format: Literal["json", "csv"] | None = FORMAT


class EvidenceQuery(PageQuery):
    """What all lists behind figures take."""

    since: str | None = FROM
    until: str | None = TO
    tz: str = ZONE
    as_of: str | None = AS_OF
    charger: str | None = CHARGER


Asked: TypeAlias = ReportQuery | EvidenceQuery


class Span(msgspec.Struct, frozen=True):
    """A period of a zone, read and bounded."""

    begin: datetime
    end: datetime
    zone: str


def span_of(query: Asked, now: datetime) -> Span:
    """The period; minutes to come are none. Raises a 422 Problem that names the parameter."""
    zone, end = zone_named(query.tz), latest(query, now)
    begin = _moment("from", query.since, zone) or end - DEFAULT_SPAN
    if begin >= end:
        raise invalid(Fault("from", "The period begins before it ends, and before now."))
    if end - begin > LONGEST:
        raise invalid(Fault("from", f"A report spans {LONGEST.days} days at most."))
    return Span(begin, end, query.tz)


def latest(query: Asked, now: datetime) -> datetime:
    """The end of what can be counted: `to`, the instant of `as_of`, or now, whichever is first."""
    now = min(now, instant_of(query.as_of, now)).replace(microsecond=0)
    return min(_moment("to", query.until, zone_named(query.tz)) or now, now)


def zone_named(name: str) -> ZoneInfo:
    """A time zone. Raises a 422 Problem."""
    try:
        return zone_of(name)
    except ZoneUnknown:
        raise invalid(Fault("tz", "No such time zone. Write one as Europe/London or UTC.")) from None


def month_named(text: str) -> tuple[datetime, datetime]:
    """`2026-03` in UTC. Raises a 422 Problem."""
    if not re.fullmatch(r"(?!0000)\d{4}-(0[1-9]|1[0-2])", text) or text > "9998":
        raise invalid(Fault("month", "Write a month as 2026-03."))
    return month_of(int(text[:4]), int(text[5:]))


def instant_of(as_of: str | None, otherwise: datetime) -> datetime:
    """The instant that `as_of` names, if it names one."""
    return otherwise if as_of is None or _PLACE.fullmatch(as_of) else _instant("as_of", as_of)


class Standing(msgspec.Struct, frozen=True):
    """What a report is as of."""

    position: int
    """The last event of the log that it knows."""
    place: str
    """The same as its tenant sees it."""


def standing_for(connection: Connection, asking: Asking | AskedPage[Any], as_of: str | None) -> Standing:
    """What a report is as of. Raises Problems."""
    if as_of is not None and _PLACE.fullmatch(as_of):
        meant: int | datetime | None = _found(asking, as_of)
    else:
        meant = None if as_of is None else _instant("as_of", as_of)
    try:
        position = position_of(connection, asking.caller.tenant, meant)
        return Standing(position, asking.hide(position))
    except PositionAhead:
        detail = "The read models have not come so far yet. Ask again a little later."
        raise Problem("projection_lag", detail) from None
    except NotBuilt:
        detail = "The read models are being built. Ask again a little later."
        raise Problem("not_built", detail) from None


def link(path: str, parameters: Mapping[str, Any]) -> str:
    """The path of a report or of what is behind one of its figures; None is left out."""
    known = {name: value for name, value in parameters.items() if value is not None and value is not False}
    texts = {name: "true" if value is True else text_of(value) for name, value in known.items()}
    return f"/api/ocpp{path}?{urlencode(texts)}"


def text_of(value: Any) -> str:
    """As a query string writes it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def _found(asking: Asking | AskedPage[Any], place: str) -> int:
    try:
        return asking.find(place)
    except PositionUnreadable:
        raise invalid(
            Fault("as_of", "There is no such place in the log: write one that a report told.")
        ) from None


def _moment(name: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return midnight(date.fromisoformat(text), zone)
        except (ValueError, OverflowError):
            raise invalid(Fault(name, "There is no such day.")) from None
    return _instant(name, text)


def _instant(name: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text).astimezone(UTC) if _has_zone(text) else None
    except (ValueError, OverflowError):
        at = None
    if at is None or not 1900 < at.year < 9000:
        example = (
            "2026-03-01 or 2026-03-01T12:00:00Z"
            if name != "as_of"
            else "the place that a report told, or 2026-03-01T12:00:00Z"
        )
        raise invalid(Fault(name, f"Write {example}; `+` is `%2B` in a query string."))
    return at


def _has_zone(text: str) -> bool:
    return datetime.fromisoformat(text).tzinfo is not None
