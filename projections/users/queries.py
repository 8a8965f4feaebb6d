"""What can be asked of people."""

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, case, func, literal, select

from projections.paging import Page, fetch_one, fetch_page
from projections.users.tables import USERS

State: TypeAlias = Literal["active", "invited", "disabled", "erased"]


class UserRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person, without anything that proves him."""

    id: str
    login: str | None
    name: str | None
    role: str | None
    provider: str | None
    state: str
    added_at: datetime | None
    added_by: str | None
    invited_until: datetime | None
    authenticator: bool
    signed_in_at: datetime | None
    refused_at: datetime | None
    locked_at: datetime | None
    disabled_at: datetime | None
    disabled_by: str | None
    reason: str | None
    erased_at: datetime | None


def list_users(
    connection: Connection,
    tenant: str,
    *,
    state: State | None = None,
    role: str | None = None,
    after: tuple[str] | None = None,
    limit: int = 50,
) -> Page[UserRow]:
    """People of the tenant, those who were added last first. Raises PageTooLong."""
    c = USERS.c
    query = select(*_columns()).where(c.tenant == tenant)
    if state is not None:
        query = query.where(_state() == state)
    if role is not None:
        query = query.where(c.role == role)
    return fetch_page(
        connection, query, UserRow, [c.id], lambda row: (row.id,), after=after, limit=limit, newest_first=True
    )


def get_user(connection: Connection, tenant: str, user_id: str) -> UserRow | None:
    """One person of the tenant."""
    query = select(*_columns()).where(USERS.c.tenant == tenant, USERS.c.id == user_id)
    return fetch_one(connection, query, UserRow)


def _columns() -> list[ColumnElement[Any]]:
    special: dict[str, ColumnElement[Any]] = {
        "state": _state().label("state"),
        "authenticator": func.coalesce(USERS.c.authenticator, literal(value=False)).label("authenticator"),
    }
    return [special[n] if n in special else USERS.c[n] for n in UserRow.__struct_fields__]


def _state() -> ColumnElement[str]:
    c = USERS.c
    local = c.provider.is_(None)
    return case(
        (c.erased_at.is_not(None), literal("erased")),
        (c.disabled_at.is_not(None), literal("disabled")),
        (local & ~func.coalesce(c.password, literal(value=False)), literal("invited")),
        else_=literal("active"),
    )
