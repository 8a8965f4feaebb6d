"""What can be asked of the status board."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from projections.paging import Page, contains, fetch, fetch_one, fetch_page
from projections.status_board.tables import CHARGERS, CONNECTORS


class ChargerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A charger as it is now."""

    charger: str
    """Its key: the id in upper case."""
    cpid: str
    name: str
    security_profile: int | None
    standing: str
    standing_reason: str | None
    site: str | None
    node: str | None
    model_profile: str | None
    planned_connectors: list[dict[str, Any]] | None
    networks: list[str] | None
    credential: str | None
    credential_since: datetime | None
    credential_first_use: bool | None
    offered_at: datetime | None
    revision: int | None
    auto_accept_until: datetime | None
    acceptance: str | None
    boot_status: str | None
    booted_at: datetime | None
    boot_reason: str | None
    vendor: str | None
    model: str | None
    serial: str | None
    box_serial: str | None
    firmware: str | None
    iccid: str | None
    imsi: str | None
    meter_type: str | None
    meter_serial: str | None
    heartbeat_interval_s: int | None
    online: bool
    protocol: str | None
    connection: str | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    disconnect_code: int | None
    disconnect_reason: str | None
    offline_at: datetime | None
    """Since when it is said to be offline: it stayed away for longer than a charger may."""
    gateway: str | None
    remote: str | None
    path: str | None
    user_agent: str | None
    flags: list[str] | None
    last_seen: datetime | None
    clock_skew_s: int | None
    registered_at: datetime | None

    @property
    def unprotected(self) -> bool:
        """It shows nothing at the door: security profile 0."""
        return self.security_profile == 0


class ConnectorRow(msgspec.Struct, frozen=True, kw_only=True):
    """A connector as it is now; EVSE 0 is the charger itself."""

    charger: str
    evse_id: int
    connector_id: int
    status: str | None
    activity: str | None
    error_code: str | None
    info: str | None
    vendor_id: str | None
    vendor_error_code: str | None
    since: datetime | None
    reported_at: datetime | None
    session: str | None
    session_started_at: datetime | None
    charging_state: str | None
    power_w: float | None
    energy_wh: int | None
    register_wh: Decimal | None
    soc_pct: float | None
    metered_at: datetime | None


class ChargerFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which chargers; what is left out does not matter."""

    online: bool | None = None
    vendor: str | None = None
    firmware: str | None = None
    status: str | None = None
    """Any of its connectors has this status or activity."""
    site: str | None = None
    standing: str | None = None
    """`active`, `disabled` or `retired`."""
    q: str = ""
    """A part of its id, name, vendor, model or serial number, in any case."""


def list_chargers(
    connection: Connection,
    tenant: str,
    wanted: ChargerFilter | None = None,
    *,
    after: tuple[str] | None = None,
    limit: int = 50,
) -> Page[ChargerRow]:
    """Chargers by id. Raises PageTooLong."""
    query = _chargers(tenant).where(*_conditions(wanted or ChargerFilter()))
    return fetch_page(
        connection,
        query,
        ChargerRow,
        [CHARGERS.c.charger],
        lambda row: (row.charger,),
        after=after,
        limit=limit,
    )


def charger(connection: Connection, tenant: str, cpid: str) -> ChargerRow | None:
    """One charger, its id in any case; None where the tenant has none of this id."""
    return fetch_one(connection, _chargers(tenant).where(CHARGERS.c.charger == cpid.upper()), ChargerRow)


def connectors(connection: Connection, tenant: str, cpids: Collection[str]) -> dict[str, list[ConnectorRow]]:
    """The connectors of some chargers, by charger key, in order; chargers without any are left out."""
    keys = sorted({cpid.upper() for cpid in cpids})
    query = (
        select(*_columns(CONNECTORS, ConnectorRow))
        .where(CONNECTORS.c.tenant == tenant, CONNECTORS.c.charger.in_(keys))
        .order_by(CONNECTORS.c.charger, CONNECTORS.c.evse_id, CONNECTORS.c.connector_id)
    )
    found: dict[str, list[ConnectorRow]] = {}
    for row in fetch(connection, query, ConnectorRow):
        found.setdefault(row.charger, []).append(row)
    return found


def registered_ids(connection: Connection, tenant: str) -> list[str]:
    """The ids of all chargers of a tenant, as registered; retired ones too."""
    query = select(CHARGERS.c.cpid).where(CHARGERS.c.tenant == tenant).order_by(CHARGERS.c.charger)
    return list(connection.execute(query).scalars())


def count_connectors(connection: Connection, tenant: str) -> dict[str, int]:
    """Connectors by status, without the rows that stand for a whole charger; `Unknown`: none reported."""
    status = CONNECTORS.c.status
    query = (
        select(status, func.count())
        .where(CONNECTORS.c.tenant == tenant, CONNECTORS.c.evse_id > 0)
        .group_by(status)
    )
    return {word or "Unknown": int(count) for word, count in connection.execute(query)}


def count_chargers(connection: Connection, tenant: str) -> tuple[int, int]:
    """(online, all) chargers."""
    query = select(func.count().filter(CHARGERS.c.online), func.count()).where(CHARGERS.c.tenant == tenant)
    online, total = connection.execute(query).one()
    return int(online), int(total)


def away_since(connection: Connection, before: datetime, limit: int = 1000) -> list[tuple[str, str]]:
    """(tenant, charger) of chargers in use, disconnected before then and not yet said to be offline; all tenants."""
    c = CHARGERS.c
    query = (
        select(c.tenant, c.charger)
        .where(~c.online, c.disconnected_at < before, c.offline_at.is_(None), c.standing == "active")
        .order_by(c.disconnected_at)
        .limit(limit)
    )
    return [(row.tenant, row.charger) for row in connection.execute(query)]


def free_but_running(connection: Connection) -> list[tuple[str, str]]:
    """(tenant, charger) with an open transaction on a connector that is said to be free, or on a retired charger."""
    c, at = CHARGERS.c, CONNECTORS.c
    query = (
        select(c.tenant, c.charger)
        .join(CONNECTORS, and_(at.tenant == c.tenant, at.charger == c.charger))
        .where(at.session.is_not(None))
        .where(or_(and_(c.online, at.status == "Available"), c.standing == "retired"))
        .distinct()
    )
    return [(row.tenant, row.charger) for row in connection.execute(query)]


def _chargers(tenant: str) -> Select[Any]:
    return select(*_columns(CHARGERS, ChargerRow)).where(CHARGERS.c.tenant == tenant)


def _columns(table: Any, row: type[msgspec.Struct]) -> Sequence[Any]:
    return [table.c[name] for name in row.__struct_fields__]


def _conditions(wanted: ChargerFilter) -> list[ColumnElement[bool]]:
    c = CHARGERS.c
    found: list[ColumnElement[bool]] = []
    if wanted.online is not None:
        found.append(c.online == wanted.online)
    if wanted.vendor is not None:
        found.append(c.vendor == wanted.vendor)
    if wanted.firmware is not None:
        found.append(c.firmware == wanted.firmware)
    if wanted.site is not None:
        found.append(c.site == wanted.site)
    if wanted.standing is not None:
        found.append(c.standing == wanted.standing)
    if wanted.status is not None:
        found.append(_has_connector(wanted.status))
    if wanted.q:
        texts = (c.cpid, c.name, c.vendor, c.model, c.serial, c.box_serial)
        found.append(or_(*(contains(text, wanted.q) for text in texts)))
    return found


def _has_connector(status: str) -> ColumnElement[bool]:
    c = CONNECTORS.c
    here = and_(c.tenant == CHARGERS.c.tenant, c.charger == CHARGERS.c.charger)
    return exists().where(here, or_(c.status == status, c.activity == status))
