"""What can be asked of commands."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, func, or_, select

from projections.commands.tables import COMMANDS
from projections.paging import Page, fetch_page


class CommandRow(msgspec.Struct, frozen=True, kw_only=True):
    """A command."""

    id: str
    charger: str
    intent: str
    request: dict[str, Any]
    state: str
    requested_by: str
    reason: str | None
    requested_at: datetime
    protocol: str | None
    action: str | None
    sent_at: datetime | None
    finished_at: datetime | None
    status: str | None
    code: str | None
    why: str | None
    latency_ms: int | None
    step: str | None
    effect: str | None
    effect_seen: str | None
    effect_at: datetime | None
    effect_after_s: float | None


class CommandFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which commands; what is left out does not matter."""

    charger: str | None = None
    intent: str | None = None
    state: str | None = None


def list_commands(
    connection: Connection,
    tenant: str,
    wanted: CommandFilter | None = None,
    *,
    after: tuple[str] | None = None,
    limit: int = 50,
) -> Page[CommandRow]:
    """The newest first. Raises PageTooLong."""
    wanted = wanted or CommandFilter()
    c = COMMANDS.c
    query = select(*(c[name] for name in CommandRow.__struct_fields__)).where(c.tenant == tenant)
    for name in CommandFilter.__struct_fields__:
        if (value := getattr(wanted, name)) is not None:
            query = query.where(c[name] == value)
    return fetch_page(
        connection,
        query,
        CommandRow,
        [c.id],
        lambda row: (row.id,),
        after=after,
        limit=limit,
        newest_first=True,
    )


def firmware_job(connection: Connection, tenant: str, charger: str, *, besides: str = "") -> str | None:
    """The firmware update that this charger is at: asked for, or agreed to and neither installed, failed nor given up.

    `besides` is a command that does not count.
    """
    c = COMMANDS.c
    at_it = or_(c.state.in_(("queued", "sent")), and_(c.state == "succeeded", c.effect_seen.is_(None)))
    query = (
        select(c.id)
        .where(c.tenant == tenant, c.charger == charger, c.intent == "UpdateFirmware", c.id != besides, at_it)
        .order_by(c.id.desc())
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar()
    return found


def overdue(connection: Connection, now: datetime, limit: int = 500) -> list[str]:
    """Streams of commands whose deadline has passed and of which no end was heard, of every tenant."""
    c = COMMANDS.c
    late = or_(and_(c.state == "queued", c.send_before < now), and_(c.state == "sent", c.answer_before < now))
    rows = connection.execute(select(c.tenant, c.id).where(late).limit(limit)).all()
    return [f"command/{tenant}/{name}" for tenant, name in rows]


def customer_requests(connection: Connection, tenant: str, names: Collection[str]) -> list[int]:
    """The request ids of CustomerInformation that were about one of these, as rows name them."""
    c = COMMANDS.c
    about = or_(
        func.upper(c.request["id_token"]["value"].astext).in_(names),
        func.upper(c.request["customer"].astext).in_(names),
    )
    query = select(c.request["request_id"].astext).where(
        c.tenant == tenant, c.intent == "CustomerInformation", about
    )
    return [int(number) for number in connection.execute(query).scalars() if number]
