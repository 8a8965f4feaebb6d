"""What can be asked of the message log."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Connection, or_, select, tuple_

from projections.message_log.tables import MESSAGES
from projections.paging import Page, contains, fetch_page

WIDEST = timedelta(days=1)
WIDEST_OF_CHARGER = timedelta(days=31)


class SearchTooWide(ValueError):
    """A text search reads every message of its time: give `begin` and `end`, at most a day apart, or
    31 days for one charger."""


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange: what was said and what was answered."""

    at: datetime
    position: int
    """Its place in the event log: the event that holds the evidence."""
    charger: str
    direction: str
    kind: str
    message_id: str | None
    action: str | None
    event: str
    error_code: str | None
    request: str
    reply: str | None
    repairs: list[str] | None
    connection: str | None
    stream: str


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages; what is left out does not matter."""

    charger: str | None = None
    action: str | None = None
    direction: str | None = None
    errors_only: bool = False
    begin: datetime | None = None
    end: datetime | None = None
    """Before this."""
    q: str = ""
    """A part of the request or the reply, in any case; needs a bounded time."""


def list_messages(
    connection: Connection,
    tenant: str,
    wanted: MessageFilter | None = None,
    *,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> Page[MessageRow]:
    """Messages, newest first. Raises PageTooLong, SearchTooWide."""
    wanted = wanted or MessageFilter()
    if wanted.q:
        _demand_bounds(wanted)
    c = MESSAGES.c
    query = select(*(c[name] for name in MessageRow.__struct_fields__))
    query = query.where(c.tenant == tenant, *_conditions(wanted))
    if after is not None:  # lets the planner leave out newer partitions, which a row comparison does not
        query = query.where(c.at <= after[0])
    return fetch_page(
        connection,
        query,
        MessageRow,
        [c.at, c.position],
        lambda row: (row.at, row.position),
        after=after,
        limit=limit,
        newest_first=True,
    )


def _demand_bounds(wanted: MessageFilter) -> None:
    widest = WIDEST if wanted.charger is None else WIDEST_OF_CHARGER
    if wanted.begin is None or wanted.end is None or wanted.end - wanted.begin > widest:
        raise SearchTooWide


def _conditions(wanted: MessageFilter) -> list[ColumnElement[bool]]:
    c = MESSAGES.c
    found: list[ColumnElement[bool]] = []
    if wanted.charger is not None:
        found.append(c.charger == wanted.charger.upper())
    if wanted.action is not None:
        found.append(c.action == wanted.action)
    if wanted.direction is not None:
        found.append(c.direction == wanted.direction)
    if wanted.errors_only:
        found.append(c.error_code.is_not(None))
    if wanted.begin is not None:
        found.append(c.at >= wanted.begin)
    if wanted.end is not None:
        found.append(c.at < wanted.end)
    if wanted.q:
        found.append(or_(contains(c.request, wanted.q), contains(c.reply, wanted.q)))
    return found


def messages_at(
    connection: Connection, tenant: str, places: Sequence[tuple[datetime, int]]
) -> list[MessageRow]:
    """Messages by (time, place in the log), in the order of the log; those that are not there are left out."""
    c = MESSAGES.c
    columns = [c[name] for name in MessageRow.__struct_fields__]
    here = tuple_(c.at, c.position).in_(places)
    query = select(*columns).where(c.tenant == tenant, here).order_by(c.position)
    return [MessageRow(**row) for row in connection.execute(query).mappings()]
