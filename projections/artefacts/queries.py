"""What can be asked of artefacts."""

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, case, literal, select

from projections.artefacts.tables import ARTEFACTS
from projections.paging import Page, contains, fetch_one, fetch_page

State: TypeAlias = Literal["awaited", "missed", "stored", "withdrawn"]


class ArtefactRow(msgspec.Struct, frozen=True, kw_only=True):
    """A file, or the upload that is awaited."""

    id: str
    kind: str | None
    state: str
    """`awaited`: a charger may still send it; `missed`: its link expired; `stored`; `withdrawn`."""
    name: str | None
    charger: str | None
    command: str | None
    size_bytes: int | None
    sha256: str | None
    stored_at: datetime | None
    stored_by: str | None
    remote: str | None
    withdrawn_at: datetime | None
    withdraw_reason: str | None
    links: int
    last_link_at: datetime | None
    last_link_charger: str | None
    last_link_expires_at: datetime | None
    fetches: int
    bytes_sent: int
    last_fetched_at: datetime | None


class ArtefactFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which artefacts; what is left out does not matter."""

    kind: Literal["firmware", "upload"] | None = None
    state: State | None = None
    charger: str | None = None
    """That sent it, in any case."""
    command: str | None = None
    q: str = ""
    """A part of the name, in any case."""


def list_artefacts(
    connection: Connection,
    tenant: str,
    wanted: ArtefactFilter | None = None,
    *,
    now: datetime,
    after: tuple[str] | None = None,
    limit: int = 50,
) -> Page[ArtefactRow]:
    """Artefacts, newest first; `now` decides which uploads are missed. Raises PageTooLong."""
    c = ARTEFACTS.c
    query = _rows(tenant, now).where(*_conditions(wanted or ArtefactFilter(), now))
    return fetch_page(
        connection,
        query,
        ArtefactRow,
        [c.id],
        lambda row: (row.id,),
        after=after,
        limit=limit,
        newest_first=True,
    )


def get_artefact(connection: Connection, tenant: str, name: str, *, now: datetime) -> ArtefactRow | None:
    """The artefact of this id, or None."""
    return fetch_one(connection, _rows(tenant, now).where(ARTEFACTS.c.id == name), ArtefactRow)


def _rows(tenant: str, now: datetime) -> Select[Any]:
    c = ARTEFACTS.c
    plain = (c[name] for name in ArtefactRow.__struct_fields__ if name != "state")
    return select(*plain, _state(now).label("state")).where(c.tenant == tenant)


def _conditions(wanted: ArtefactFilter, now: datetime) -> list[ColumnElement[bool]]:
    c = ARTEFACTS.c
    found: list[ColumnElement[bool]] = []
    if wanted.kind is not None:
        found.append(c.kind == wanted.kind)
    if wanted.state is not None:
        found.append(_state(now) == wanted.state)
    if wanted.charger is not None:
        found.append(c.charger == wanted.charger.upper())
    if wanted.command is not None:
        found.append(c.command == wanted.command)
    if wanted.q:
        found.append(contains(c.name, wanted.q))
    return found


def _state(now: datetime) -> ColumnElement[str]:
    c = ARTEFACTS.c
    return case(
        (c.withdrawn_at.is_not(None), literal("withdrawn")),
        (c.stored_at.is_not(None), literal("stored")),
        (and_(c.last_link_expires_at.is_not(None), c.last_link_expires_at <= now), literal("missed")),
        else_=literal("awaited"),
    )
