"""What can be asked of exclusions themselves."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, select

from projections.availability.tables import EXCLUSIONS
from projections.paging import Page, fetch_one, fetch_page


class ExclusionRow(msgspec.Struct, frozen=True, kw_only=True):
    """An exclusion, and who took it back."""

    id: str
    charger: str
    evse_id: int
    cause: str
    begin_at: datetime
    end_at: datetime
    evidence: str
    artefact: str
    formulas: list[str]
    approved_by: str
    declared_by: str
    declared_at: datetime
    event: str
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    withdrawn_event: str | None


def list_exclusions(
    connection: Connection,
    tenant: str,
    charger: str | None = None,
    *,
    holding: bool = False,
    after: tuple[str] | None = None,
    limit: int = 50,
) -> Page[ExclusionRow]:
    """The newest first; with `holding` without those that were taken back. Raises PageTooLong."""
    query = _rows(tenant)
    if charger is not None:
        query = query.where(EXCLUSIONS.c.charger == charger.upper())
    if holding:
        query = query.where(EXCLUSIONS.c.withdrawn_position.is_(None))
    return fetch_page(
        connection,
        query,
        ExclusionRow,
        [EXCLUSIONS.c.id],
        lambda row: (row.id,),
        after=after,
        limit=limit,
        newest_first=True,
    )


def get_exclusion(connection: Connection, tenant: str, name: str) -> ExclusionRow | None:
    """The exclusion of this id, or None."""
    return fetch_one(connection, _rows(tenant).where(EXCLUSIONS.c.id == name), ExclusionRow)


def _rows(tenant: str) -> Select[Any]:
    c = EXCLUSIONS.c
    columns = (c[name] for name in ExclusionRow.__struct_fields__)
    return select(*columns).where(c.tenant == tenant, c.position.is_not(None))
