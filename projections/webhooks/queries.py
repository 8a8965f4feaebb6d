"""What can be asked of webhooks: what is delivered where, and how that goes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    func,
    select,
    text,
)

from projections.paging import Page, fetch, fetch_one, fetch_page
from projections.webhooks.tables import WEBHOOKS

_FLEET = MetaData(schema="fleet")
_TIME = DateTime(timezone=True)
_PROGRESS = Table(
    "webhooks",
    _FLEET,
    Column("stream", Text),
    Column("position", BigInteger),
    Column("failures", Integer),
    Column("failing_since", _TIME),
    Column("next_try_at", _TIME),
    Column("last_try_at", _TIME),
    Column("last_success_at", _TIME),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("delivered", BigInteger),
)
_TRIES = Table(
    "webhook_deliveries",
    _FLEET,
    Column("stream", Text),
    Column("n", BigInteger),
    Column("delivery", Text),
    Column("tried_at", _TIME),
    Column("attempt", Integer),
    Column("messages", Integer),
    Column("size_bytes", Integer),
    Column("took_ms", Integer),
    Column("status", Integer),
    Column("error", Text),
)
"""Both are written by the process that delivers, and are no projections of the log."""


class WebhookRow(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook."""

    id: str
    name: str | None
    url: str | None
    types: list[str] | None
    chargers: list[str] | None
    meter: str | None
    condition: str
    reason: str | None
    generation: int | None
    former_until: datetime | None
    defined_at: datetime | None
    defined_by: str | None
    delivered: int | None
    """Messages."""
    failures: int | None
    """Tries in a row that failed."""
    failing_since: datetime | None
    next_try_at: datetime | None
    last_try_at: datetime | None
    last_success_at: datetime | None
    last_status: int | None
    last_error: str | None


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One try."""

    n: int
    delivery: str
    tried_at: datetime
    attempt: int
    messages: int
    size_bytes: int
    took_ms: int
    status: int | None
    error: str | None


def list_webhooks(
    connection: Connection, tenant: str, *, after: Sequence[str] | None = None, limit: int = 50
) -> Page[WebhookRow]:
    """Those that were not removed, the newest first."""
    query = _webhooks(tenant).where(WEBHOOKS.c.condition != "removed")
    return fetch_page(
        connection,
        query,
        WebhookRow,
        (WEBHOOKS.c.id,),
        lambda row: (row.id,),
        after=after,
        limit=limit,
        newest_first=True,
    )


def get_webhook(connection: Connection, tenant: str, name: str) -> WebhookRow | None:
    """One of them, removed or not."""
    return fetch_one(connection, _webhooks(tenant).where(WEBHOOKS.c.id == name), WebhookRow)


def list_deliveries(connection: Connection, tenant: str, name: str) -> list[DeliveryRow]:
    """What is remembered of its deliveries, the newest first."""
    query = (
        select(*(_TRIES.c[name] for name in DeliveryRow.__struct_fields__))
        .where(_TRIES.c.stream == f"webhook/{tenant}/{name}")
        .order_by(_TRIES.c.n.desc())
    )
    return fetch(connection, query, DeliveryRow)


def behind_s(connection: Connection, tenant: str, name: str) -> float | None:
    """Age in seconds of the oldest event of the tenant that was not looked at for it; None: there is none."""
    found = connection.execute(
        text(
            "SELECT extract(epoch FROM clock_timestamp() - e.recorded_at)::float8 "
            "FROM eventstore.stored_events e WHERE e.tenant = :tenant AND e.notification_id > "
            "(SELECT position FROM fleet.webhooks WHERE stream = :stream) "
            "ORDER BY e.notification_id LIMIT 1"
        ),
        {"tenant": tenant, "stream": f"webhook/{tenant}/{name}"},
    ).first()
    return None if found is None else float(found[0])


def _webhooks(tenant: str) -> Select[tuple[object, ...]]:
    shown = [
        WEBHOOKS.c[name] if name in WEBHOOKS.c else _PROGRESS.c[name] for name in WebhookRow.__struct_fields__
    ]
    stream = func.concat("webhook/", WEBHOOKS.c.tenant, "/", WEBHOOKS.c.id)
    joined = WEBHOOKS.outerjoin(_PROGRESS, _PROGRESS.c.stream == stream)
    return select(*shown).select_from(joined).where(WEBHOOKS.c.tenant == tenant)
