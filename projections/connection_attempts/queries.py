"""What can be asked of connection attempts."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Connection, Text, all_, bindparam, func, select, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by

from projections.connection_attempts.tables import ATTEMPTS
from projections.paging import LIMIT, Page, PageTooLong, fetch, fetch_page


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


class UnknownId(msgspec.Struct, frozen=True, kw_only=True):
    """An id that knocked and is not registered; address, path and the rest are of the newest attempt."""

    charger: str
    """The id in upper case."""
    cpid: str
    count: int
    first_seen: datetime
    last_seen: datetime
    reason: str
    remote: str | None
    path: str | None
    user_agent: str | None
    subprotocols: list[str] | None


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


def list_unknown_ids(
    connection: Connection,
    tenant: str,
    begin: datetime,
    *,
    known: Collection[str] = (),
    limit: int = 20,
) -> list[UnknownId]:
    """Ids that knocked since `begin` and were not registered, the newest first, without those in `known`:
    keys of chargers that were registered meanwhile. Raises PageTooLong.
    """
    if not 1 <= limit <= LIMIT:
        raise PageTooLong(limit)
    c = ATTEMPTS.c
    query = (
        select(
            c.charger,
            _newest(c.cpid),
            func.sum(c.count).cast(BigInteger).label("count"),
            func.min(c.at).label("first_seen"),
            func.max(c.at).label("last_seen"),
            *(_newest(c[name]) for name in ("reason", "remote", "path", "user_agent")),
            # arrays differ in length and do not gather in an array: they travel as JSON
            type_coerce(_newest(func.to_jsonb(c.subprotocols), "subprotocols"), JSONB),
        )
        .where(c.tenant == tenant, c.at >= begin, ~c.accepted, ~c.known, c.charger != "")
        .group_by(c.charger)
        .order_by(func.max(c.at).desc(), c.charger)
        .limit(limit)
    )
    if known:
        query = query.where(c.charger != all_(bindparam("known", sorted(known), ARRAY(Text))))
    return fetch(connection, query, UnknownId)


def _newest(column: Any, name: str = "") -> Any:
    """The value in the newest row of a group."""
    values = func.array_agg(aggregate_order_by(column, ATTEMPTS.c.at.desc(), ATTEMPTS.c.position.desc()))
    return type_coerce(values, ARRAY(column.type))[1].label(name or column.name)


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
