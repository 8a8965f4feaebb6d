"""What can be asked of tenants; only who runs the installation may ask."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from projections.paging import fetch
from projections.tenants.tables import TENANTS


class TenantRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant."""

    tenant: str
    """Its slug."""
    name: str | None
    founded_at: datetime | None
    suspended_at: datetime | None
    reason: str | None


def list_tenants(connection: Connection) -> list[TenantRow]:
    """All of them, by slug."""
    query = select(*(TENANTS.c[name] for name in TenantRow.__struct_fields__)).order_by(TENANTS.c.tenant)
    return fetch(connection, query, TenantRow)
