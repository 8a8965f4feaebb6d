"""What can be asked of local lists."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from projections.local_lists.tables import LOCAL_LISTS
from projections.paging import Page, fetch_one, fetch_page


class LocalListRow(msgspec.Struct, frozen=True, kw_only=True):
    """The list of one charger."""

    charger: str
    state: str
    """`none`, `given_up`, `unknown`, `reached` or `pending`."""
    wanted_version: int | None
    wanted_at: datetime | None
    entries: int | None
    held_version: int | None
    held_at: datetime | None
    sent_at: datetime | None
    parts_left: int
    refused: str | None
    reason: str | None
    failure: str | None


_ROW = select(*(LOCAL_LISTS.c[name] for name in LocalListRow.__struct_fields__))


def list_local_lists(
    connection: Connection,
    tenant: str,
    *,
    state: str | None = None,
    after: tuple[str] | None = None,
    limit: int = 50,
) -> Page[LocalListRow]:
    """Lists by charger. Raises PageTooLong."""
    c = LOCAL_LISTS.c
    query = _ROW.where(c.tenant == tenant)
    if state is not None:
        query = query.where(c.state == state)
    return fetch_page(
        connection, query, LocalListRow, [c.charger], lambda row: (row.charger,), after=after, limit=limit
    )


def local_list(connection: Connection, tenant: str, charger: str) -> LocalListRow | None:
    """One charger's; None where nobody ever wanted one and it told of none."""
    c = LOCAL_LISTS.c
    return fetch_one(connection, _ROW.where(c.tenant == tenant, c.charger == charger), LocalListRow)


def chargers_with_lists(connection: Connection, tenant: str) -> list[str]:
    """Whom somebody ever wanted to hold a list."""
    c = LOCAL_LISTS.c
    query = select(c.charger).where(c.tenant == tenant, c.wanted_version.is_not(None)).order_by(c.charger)
    return list(connection.execute(query).scalars())
