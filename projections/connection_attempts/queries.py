"""What can be asked of connection attempts."""

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Connection, select

from projections.connection_attempts.tables import ATTEMPTS
from projections.paging import Page, fetch_page


class AttemptRow(msgspec.Struct, frozen=True, kw_only=True):
    """A handshake, or `count` equal ones."""

    at: datetime
    position: int
    charger: str
    cpid: str
    accepted: bool
    reason: str | None
    status: int | None
    hint: str | None
    remote: str | None
    path: str | None
    subprotocols: list[str] | None
    user_agent: str | None
    known: bool
    count: int
    protocol: str | None
    security_profile: int | None
    connection: str | None
    gateway: str | None
    flags: list[str] | None


class AttemptFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempts; what is left out does not matter."""

    charger: str | None = None
    accepted: bool | None = None
    known: bool | None = None
    reason: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    """Before this."""


def list_attempts(
    connection: Connection,
    tenant: str,
    wanted: AttemptFilter | None = None,
    *,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> Page[AttemptRow]:
    """Attempts, newest first. Raises PageTooLong."""
    c = ATTEMPTS.c
    query = select(*(c[name] for name in AttemptRow.__struct_fields__))
    query = query.where(c.tenant == tenant, *_conditions(wanted or AttemptFilter()))
    if after is not None:
        query = query.where(c.at <= after[0])
    return fetch_page(
        connection,
        query,
        AttemptRow,
        [c.at, c.position],
        lambda row: (row.at, row.position),
        after=after,
        limit=limit,
        newest_first=True,
    )


def _conditions(wanted: AttemptFilter) -> list[ColumnElement[bool]]:
    c = ATTEMPTS.c
    found: list[ColumnElement[bool]] = []
    if wanted.charger is not None:
        found.append(c.charger == wanted.charger.upper())
    if wanted.accepted is not None:
        found.append(c.accepted == wanted.accepted)
    if wanted.known is not None:
        found.append(c.known == wanted.known)
    if wanted.reason is not None:
        found.append(c.reason == wanted.reason)
    if wanted.begin is not None:
        found.append(c.at >= wanted.begin)
    if wanted.end is not None:
        found.append(c.at < wanted.end)
    return found
