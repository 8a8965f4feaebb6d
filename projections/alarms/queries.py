"""What can be asked of alarms."""

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, case, func, literal, select

from projections.alarms.tables import ALARMS
from projections.paging import Page, fetch_one, fetch_page

State: TypeAlias = Literal["open", "acknowledged", "cleared"]
Severity: TypeAlias = Literal["critical", "warning", "info"]


class AlarmRow(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm."""

    id: str
    subject: str
    """The charger's key; `address:`, `user:` or `actor:` and who; or `server:certificates`."""
    kind: str
    severity: str
    state: str
    """`open`: nobody looks after it; `acknowledged`; `cleared`."""
    words: str
    info: str | None
    source: str
    raised_at: datetime
    last_at: datetime
    count: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    cleared_at: datetime | None
    cleared_by: str | None
    cleared_why: str | None


class AlarmFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alarms; what is left out does not matter."""

    state: State | None = None
    severity: Severity | None = None
    subject: str | None = None
    """A charger, in any case; `address:` and an address; `actor:` and a name; or `server:certificates`."""
    kind: str | None = None


def list_alarms(
    connection: Connection,
    tenant: str,
    wanted: AlarmFilter | None = None,
    *,
    after: tuple[str] | None = None,
    limit: int = 50,
) -> Page[AlarmRow]:
    """Alarms, the newest first. Raises PageTooLong."""
    query = _rows(tenant).where(*_conditions(wanted or AlarmFilter()))
    return fetch_page(
        connection,
        query,
        AlarmRow,
        [ALARMS.c.id],
        lambda row: (row.id,),
        after=after,
        limit=limit,
        newest_first=True,
    )


def get_alarm(connection: Connection, tenant: str, name: str) -> AlarmRow | None:
    """The alarm of this id, or None."""
    return fetch_one(connection, _rows(tenant).where(ALARMS.c.id == name), AlarmRow)


def subjects_of_open(connection: Connection, kind: str) -> list[tuple[str, str]]:
    """(tenant, subject) of the alarms of this kind that are not over, whoever's they are."""
    c = ALARMS.c
    query = select(c.tenant, c.subject).where(c.cleared_at.is_(None), c.kind == kind)
    return [(row.tenant, row.subject) for row in connection.execute(query)]


def open_critical(connection: Connection, tenant: str) -> int:
    """How many critical alarms nobody looks after."""
    c = ALARMS.c
    query = select(func.count()).where(
        c.tenant == tenant, c.cleared_at.is_(None), c.acknowledged_at.is_(None), c.severity == "critical"
    )
    return int(connection.execute(query).scalar_one())


def _rows(tenant: str) -> Select[Any]:
    c = ALARMS.c
    plain = (c[name] for name in AlarmRow.__struct_fields__ if name != "state")
    return select(*plain, _state().label("state")).where(c.tenant == tenant)


def _conditions(wanted: AlarmFilter) -> list[ColumnElement[bool]]:
    c = ALARMS.c
    found: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        found.append(_state() == wanted.state)
        if wanted.state != "cleared":  # said once more, so that the index of open ones is seen to fit
            found.append(c.cleared_at.is_(None))
    if wanted.severity is not None:
        found.append(c.severity == wanted.severity)
    if wanted.subject is not None:
        about = wanted.subject
        found.append(c.subject == (about if ":" in about else about.upper()))
    if wanted.kind is not None:
        found.append(c.kind == wanted.kind)
    return found


def _state() -> ColumnElement[str]:
    c = ALARMS.c
    return case(
        (c.cleared_at.is_not(None), literal("cleared")),
        (c.acknowledged_at.is_not(None), literal("acknowledged")),
        else_=literal("open"),
    )
