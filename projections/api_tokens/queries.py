"""What can be asked of API tokens."""

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Connection, Text, and_, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import array

from projections.api_tokens.tables import API_TOKENS
from projections.paging import Page, fetch_one, fetch_page

_NONE = cast(array([]), ARRAY(Text))
State: TypeAlias = Literal["active", "expired", "revoked"]


class ApiTokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A token, without anything of its secret."""

    id: str
    name: str | None
    role: str | None
    rights: list[str]
    """The only ones of the role; empty: all."""
    chargers: list[str]
    """The only ones; empty: all."""
    state: str
    issued_at: datetime | None
    issued_by: str | None
    expires_at: datetime | None
    last_seen_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    revoke_reason: str | None


def list_api_tokens(
    connection: Connection,
    tenant: str,
    *,
    now: datetime,
    state: State | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> Page[ApiTokenRow]:
    """Tokens, the newest first; `now` decides which have expired. Raises PageTooLong."""
    c = API_TOKENS.c
    query = select(*_plain(), _state(now).label("state")).where(c.tenant == tenant)
    if state is not None:
        query = query.where(_state(now) == state)
    return fetch_page(
        connection,
        query,
        ApiTokenRow,
        [c.issued_at, c.id],
        lambda row: (row.issued_at, row.id),
        after=after,
        limit=limit,
        newest_first=True,
    )


def get_api_token(connection: Connection, tenant: str, token_id: str, *, now: datetime) -> ApiTokenRow | None:
    """One token of the tenant."""
    c = API_TOKENS.c
    query = select(*_plain(), _state(now).label("state")).where(c.tenant == tenant, c.id == token_id)
    return fetch_one(connection, query, ApiTokenRow)


def _plain() -> list[ColumnElement[Any]]:
    lists = {name: func.coalesce(API_TOKENS.c[name], _NONE).label(name) for name in ("rights", "chargers")}
    names = [name for name in ApiTokenRow.__struct_fields__ if name != "state"]
    return [lists[name] if name in lists else API_TOKENS.c[name] for name in names]


def _state(now: datetime) -> ColumnElement[str]:
    c = API_TOKENS.c
    return case(
        (c.revoked_at.is_not(None), literal("revoked")),
        (and_(c.expires_at.is_not(None), c.expires_at <= now), literal("expired")),
        else_=literal("active"),
    )
