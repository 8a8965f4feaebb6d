"""What can be asked of reservations."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, func, select, text

from projections.paging import Page, fetch_one, fetch_page
from projections.reservations.tables import OPEN, RESERVATIONS

_OPEN: ColumnElement[bool] = text("state IN ('requested', 'active', 'unknown')")  # type: ignore[assignment]  # names the partial index


class ReservationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A reservation with the terms the charger agreed to last, or that it was first asked for."""

    charger: str
    reservation_id: int
    evse_id: int
    """0: any."""
    connector_id: int | None
    token: str
    kind: str | None
    group: str | None
    expires_at: datetime
    state: str
    """`requested`, `active`, `unknown`; `used`, `expired`, `cancelled`, `refused`, `lost`."""
    made_at: datetime
    made_by: str
    command: str
    settled_at: datetime | None
    refusal: str | None
    ended_at: datetime | None
    ended_by: str | None
    session: str | None
    mismatch: str | None
    mismatch_session: str | None


class ReservationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which reservations; what is left out does not matter."""

    charger: str | None = None
    evse_id: int | None = None
    id_token: str | None = None
    pseudonyms: tuple[str, ...] = ()
    """What the rows call that token beside itself."""
    state: str | None = None
    open: bool | None = None
    """Those that take a place, whatever the charger has said."""


def list_reservations(
    connection: Connection,
    tenant: str,
    wanted: ReservationFilter | None = None,
    *,
    after: tuple[datetime, str, int] | None = None,
    limit: int = 50,
) -> Page[ReservationRow]:
    """Reservations, newest first. Raises PageTooLong."""
    c = RESERVATIONS.c
    query = _reservations(tenant).where(*_conditions(wanted or ReservationFilter()))
    return fetch_page(
        connection,
        query,
        ReservationRow,
        [c.made_at, c.charger, c.reservation_id],
        lambda row: (row.made_at, row.charger, row.reservation_id),
        after=after,
        limit=limit,
        newest_first=True,
    )


def reservation(
    connection: Connection, tenant: str, charger: str, reservation_id: int
) -> ReservationRow | None:
    """One reservation of a charger; None where it has none of this number."""
    c = RESERVATIONS.c
    query = _reservations(tenant).where(c.charger == charger.upper(), c.reservation_id == reservation_id)
    return fetch_one(connection, query, ReservationRow)


def due_for_expiry(connection: Connection, now: datetime, limit: int = 100) -> list[tuple[str, str]]:
    """(tenant, charger) of those with reservations whose time is over, the longest overdue first.

    The charger's book decides: one whose newest terms are not settled yet may be listed and stand.
    """
    c = RESERVATIONS.c
    query = (
        select(c.tenant, c.charger)
        .where(_OPEN, c.expires_at <= now)
        .group_by(c.tenant, c.charger)
        .order_by(func.min(c.expires_at), c.tenant, c.charger)
        .limit(limit)
    )
    return [(row.tenant, row.charger) for row in connection.execute(query)]


def _reservations(tenant: str) -> Select[Any]:
    names = ReservationRow.__struct_fields__
    return select(*(RESERVATIONS.c[name] for name in names)).where(RESERVATIONS.c.tenant == tenant)


def _conditions(wanted: ReservationFilter) -> list[ColumnElement[bool]]:
    c = RESERVATIONS.c
    found: list[ColumnElement[bool]] = []
    if wanted.charger is not None:
        found.append(c.charger == wanted.charger.upper())
    if wanted.evse_id is not None:
        found.append(c.evse_id == wanted.evse_id)
    if wanted.id_token is not None:
        found.append(c.token_key.in_((wanted.id_token.upper(), *wanted.pseudonyms)))
    if wanted.state is not None:
        found.append(c.state == wanted.state)
    if wanted.open is not None:
        found.append(_OPEN if wanted.open else c.state.not_in(OPEN))
    return found


def reservations_of_token(
    connection: Connection, tenant: str, names: Collection[str]
) -> list[ReservationRow]:
    """All reservations for a token, given in upper case in each way the rows name it."""
    c = RESERVATIONS.c
    query = _reservations(tenant).where(func.upper(c.token).in_(names)).order_by(c.made_at)
    return [ReservationRow(**row) for row in connection.execute(query).mappings()]
