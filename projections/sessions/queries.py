"""What can be asked of sessions."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, any_, func, literal, or_, select, text

from projections.paging import Page, fetch_one, fetch_page
from projections.sessions.tables import SESSIONS


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A session; times of start and end are the charger's, the reported ones ours."""

    session: str
    transaction: str
    charger: str
    evse_id: int | None
    connector_id: int | None
    number: int | None
    reference: str | None
    id_token: str | None
    id_token_kind: str | None
    verdict: str | None
    stop_token: str | None
    stop_token_kind: str | None
    started_at: datetime | None
    ended_at: datetime | None
    listed_at: datetime
    reported_at: datetime
    end_reported_at: datetime | None
    meter_start_wh: Decimal | None
    meter_stop_wh: Decimal | None
    register_wh: Decimal | None
    energy_wh: int | None
    settled: bool
    superseded_by: str | None
    state: str
    """`active`, `ended` or `awaiting_reconciliation`."""
    charging_state: str | None
    reason: str | None
    flags: list[str]
    offline: bool | None
    reservation_id: int | None
    remote_start_id: int | None
    last_sample_at: datetime | None
    stale_at: datetime | None
    """Our clock, since when its end is waited for."""
    stale_why: str | None
    closed_at: datetime | None
    """Our clock, when it was closed for want of a reported end."""
    signed_state: str
    """`none`, `unverified`, `valid` or `invalid`."""
    signed_reasons: str
    """Separated by commas."""
    signed_energy_wh: Decimal | None
    signed_meter: str | None


class SessionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions; what is left out does not matter."""

    charger: str | None = None
    id_token: str | None = None
    pseudonyms: tuple[str, ...] = ()
    """What the rows call that token beside itself."""
    begin: datetime | None = None
    """Started (as listed) at or after this."""
    end: datetime | None = None
    """Started before this."""
    state: str | None = None
    reason: str | None = None
    flag: str | None = None
    min_energy_wh: int | None = None


_COLUMNS = [SESSIONS.c[name] for name in SessionRow.__struct_fields__]
_KEY = [SESSIONS.c.listed_at, SESSIONS.c.session]


def list_sessions(
    connection: Connection,
    tenant: str,
    wanted: SessionFilter | None = None,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> Page[SessionRow]:
    """Sessions, newest start first. Raises PageTooLong."""
    query = _sessions(tenant).where(*_conditions(wanted or SessionFilter()))
    return fetch_page(
        connection,
        query,
        SessionRow,
        _KEY,
        lambda row: (row.listed_at, row.session),
        after=after,
        limit=limit,
        newest_first=True,
    )


def session(connection: Connection, tenant: str, session_id: str) -> SessionRow | None:
    """One session by its public id; None where the tenant has none."""
    return fetch_one(connection, _sessions(tenant).where(SESSIONS.c.session == session_id), SessionRow)


def count_open(connection: Connection, tenant: str) -> tuple[int, int]:
    """(active, awaiting reconciliation) sessions."""
    state = SESSIONS.c.state
    query = select(
        func.count().filter(state == "active"), func.count().filter(state == "awaiting_reconciliation")
    ).where(SESSIONS.c.tenant == tenant, text("state <> 'ended'"))
    active, awaiting = connection.execute(query).one()
    return int(active), int(awaiting)


def awaiting_their_end(connection: Connection) -> list[tuple[str, str, str]]:
    """(tenant, charger, transaction's stream) of started sessions whose end is waited for, of every tenant."""
    c = SESSIONS.c
    query = (
        select(c.tenant, c.charger, c.transaction)
        .where(text("state <> 'ended'"), c.state == "awaiting_reconciliation", c.ended_at.is_(None))
        .order_by(c.tenant, c.charger)
    )
    return [tuple(row) for row in connection.execute(query)]


def _sessions(tenant: str) -> Select[Any]:
    return select(*_COLUMNS).where(SESSIONS.c.tenant == tenant)


def _conditions(wanted: SessionFilter) -> list[ColumnElement[bool]]:
    c = SESSIONS.c
    found: list[ColumnElement[bool]] = []
    if wanted.charger is not None:
        found.append(c.charger == wanted.charger.upper())
    if wanted.id_token is not None:
        found.append(c.token_key.in_((wanted.id_token.upper(), *wanted.pseudonyms)))
    if wanted.begin is not None:
        found.append(c.listed_at >= wanted.begin)
    if wanted.end is not None:
        found.append(c.listed_at < wanted.end)
    if wanted.state is not None:
        found.append(c.state == wanted.state)
        if wanted.state != "ended":
            found.append(text("state <> 'ended'"))  # type: ignore[arg-type]  # names the partial index
    if wanted.reason is not None:
        found.append(c.reason == wanted.reason)
    if wanted.flag is not None:
        found += [text("flags <> '{}'"), literal(wanted.flag) == any_(c.flags)]  # type: ignore[list-item]  # as above
    if wanted.min_energy_wh is not None:
        found.append(c.energy_wh >= wanted.min_energy_wh)
    return found


def sessions_of_token(connection: Connection, tenant: str, names: Collection[str]) -> list[SessionRow]:
    """All sessions that were started or stopped by a token, given in upper case in each way the rows name it."""
    c = SESSIONS.c
    by_it = or_(func.upper(c.id_token).in_(names), func.upper(c.stop_token).in_(names))
    rows = connection.execute(_sessions(tenant).where(by_it).order_by(c.listed_at, c.session)).mappings()
    return [SessionRow(**row) for row in rows]
