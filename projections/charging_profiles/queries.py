"""What can be asked of charging profiles."""

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import Connection, Select, or_, select

from projections.charging_profiles.tables import CHARGING_PROFILES
from projections.paging import Page, fetch_one, fetch_page

State: TypeAlias = Literal["pending", "installed", "refused", "withdrawn", "lapsed", "cleared"]


class ChargingProfileRow(msgspec.Struct, frozen=True, kw_only=True):
    """A profile of a charger; `desired` and `installed` are lists of schedules, as in the events."""

    charger: str
    profile_id: int
    evse_id: int
    purpose: str
    stack_level: int
    kind: str
    recurrency: str | None
    transaction: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    origin: str | None
    desired: list[dict[str, Any]] | None
    installed: list[dict[str, Any]] | None
    installed_evse_id: int | None
    installed_at: datetime | None
    state: str
    status: str | None
    reason: str | None
    replaced_by: int | None
    command: str | None
    wanted_at: datetime | None
    ended_at: datetime | None


class ChargingProfileFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which profiles; what is left out does not matter."""

    charger: str | None = None
    """The charger's key, in any case."""
    evse_id: int | None = None
    purpose: str | None = None
    state: State | None = None
    origin: str | None = None
    current: bool | None = None
    """Yes: those that are wanted or held; no: those that are neither."""


def list_charging_profiles(
    connection: Connection,
    tenant: str,
    wanted: ChargingProfileFilter | None = None,
    *,
    after: tuple[str, int] | None = None,
    limit: int = 50,
) -> Page[ChargingProfileRow]:
    """Profiles by charger and id. Raises PageTooLong."""
    wanted = wanted or ChargingProfileFilter()
    c = CHARGING_PROFILES.c
    query = _profiles(tenant)
    if wanted.charger is not None:
        query = query.where(c.charger == wanted.charger.upper())
    for name in ("evse_id", "purpose", "state", "origin"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(c[name] == value)
    if wanted.current is not None:
        there = or_(c.desired.is_not(None), c.installed.is_not(None))
        query = query.where(there if wanted.current else ~there)
    key = [c.charger, c.profile_id]
    return fetch_page(
        connection,
        query,
        ChargingProfileRow,
        key,
        lambda row: (row.charger, row.profile_id),
        after=after,
        limit=limit,
    )


def find_charging_profile(
    connection: Connection, tenant: str, charger: str, profile_id: int
) -> ChargingProfileRow | None:
    """One profile; None where the charger never had one of that id."""
    c = CHARGING_PROFILES.c
    query = _profiles(tenant).where(c.charger == charger.upper(), c.profile_id == profile_id)
    return fetch_one(connection, query, ChargingProfileRow)


def _profiles(tenant: str) -> Select[Any]:
    columns = (CHARGING_PROFILES.c[name] for name in ChargingProfileRow.__struct_fields__)
    return select(*columns).where(CHARGING_PROFILES.c.tenant == tenant)
