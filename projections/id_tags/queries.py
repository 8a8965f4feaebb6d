"""What can be asked of id tokens."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, literal, not_, or_, select

from projections.id_tags.tables import ID_TAGS
from projections.paging import Page, contains, fetch_page

State: TypeAlias = Literal["unknown", "blocked", "expired", "active"]


class IdTagRow(msgspec.Struct, frozen=True, kw_only=True):
    """A token, registered or merely shown."""

    token: str
    """The pseudonym; of what was written before tokens were sealed, the token in upper case."""
    value: str | None
    kind: str | None
    state: str
    registered: bool
    registered_at: datetime | None
    block_reason: str | None
    group: str | None
    label: str | None
    expires_at: datetime | None
    max_active: int | None
    active: int
    presented: int
    first_seen: datetime | None
    first_charger: str | None
    last_seen: datetime | None
    last_charger: str | None
    last_verdict: str | None
    erased_at: datetime | None


class IdTagFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tokens; what is left out does not matter."""

    state: State | None = None
    registered: bool | None = None
    q: str = ""
    """A part of the label, or of what is not sealed of the token and its group, in any case."""
    pseudonyms: tuple[str, ...] = ()
    """What the rows call the token that `q` is as a whole."""


def list_id_tags(
    connection: Connection,
    tenant: str,
    wanted: IdTagFilter | None = None,
    *,
    now: datetime,
    after: tuple[str] | None = None,
    limit: int = 50,
) -> Page[IdTagRow]:
    """Tokens in order; `now` decides which have expired. Raises PageTooLong."""
    wanted = wanted or IdTagFilter()
    c = ID_TAGS.c
    names = [name for name in IdTagRow.__struct_fields__ if name != "state"]
    query = select(*(c[name] for name in names), _state(now).label("state")).where(c.tenant == tenant)
    if wanted.state is not None:
        query = query.where(_state(now) == wanted.state)
    if wanted.state == "unknown" or wanted.registered is False:
        query = query.where(not_(c.registered))
    elif wanted.registered:
        query = query.where(c.registered)
    if wanted.q:
        parts = [contains(column, wanted.q) for column in (c.token, c.label, c.group)]
        query = query.where(or_(*parts, *(column.in_(wanted.pseudonyms) for column in (c.token, c.group))))
    return fetch_page(
        connection, query, IdTagRow, [c.token], lambda row: (row.token,), after=after, limit=limit
    )


def _state(now: datetime) -> ColumnElement[str]:
    c = ID_TAGS.c
    return case(
        (not_(c.registered), literal("unknown")),
        (c.blocked, literal("blocked")),
        (and_(c.expires_at.is_not(None), c.expires_at <= now), literal("expired")),
        else_=literal("active"),
    )


def id_tags_of(
    connection: Connection, tenant: str, names: Collection[str], *, now: datetime
) -> list[IdTagRow]:
    """The rows of one token, given in upper case in each way it may be named."""
    c = ID_TAGS.c
    columns = [c[name] for name in IdTagRow.__struct_fields__ if name != "state"]
    query = select(*columns, _state(now).label("state")).where(c.tenant == tenant, c.token.in_(names))
    return [IdTagRow(**row) for row in connection.execute(query.order_by(c.token)).mappings()]
