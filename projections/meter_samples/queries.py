"""What can be asked of meter samples: the curve of a span on a connector, as told or in buckets."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    and_,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
    tuple_,
)
from sqlalchemy.types import Numeric

from projections.meter_samples.rollup import bucket_of
from projections.meter_samples.tables import CONTEXTS, FIGURES, SAMPLES

Resolution: TypeAlias = Literal["1m", "15m"]

MOST = 20_000
"""Points of one curve: two weeks of minutes, or 55 hours of samples every ten seconds."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A connector for a time; of a session, if one is named."""

    charger: str
    evse_id: int
    connector_id: int
    begin: datetime
    end: datetime
    """Inclusive: the reading of the end belongs to it."""
    session: str | None = None


class SamplePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One row of samples."""

    ts: datetime
    context: str
    received_at: datetime
    energy_wh: Decimal | None
    energy_export_wh: Decimal | None
    power_w: float | None
    power_offered_w: float | None
    current_a: float | None
    current_l1_a: float | None
    current_l2_a: float | None
    current_l3_a: float | None
    current_offered_a: float | None
    voltage_v: float | None
    voltage_l1_v: float | None
    voltage_l2_v: float | None
    voltage_l3_v: float | None
    soc_pct: float | None
    temperature_c: float | None
    session: str | None
    extra: dict[str, Any] | None


class BucketPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What the samples of a minute, or of a quarter of an hour, come to."""

    bucket: datetime
    """Its beginning."""
    n: int
    power_w: float | None
    """The mean of the readings."""
    power_max_w: float | None
    soc_pct: float | None
    energy_wh: Decimal | None
    """The highest register in it."""


def curve(connection: Connection, tenant: str, span: Span) -> list[SamplePoint]:
    """The samples of a span as told, in time order; at most MOST.

    For a session: its own samples, and those of its connector that name no transaction.
    """
    c = SAMPLES.c
    names = ("ts", "context", "received_at", "energy_wh", "energy_export_wh", *FIGURES, "session", "extra")
    query = (
        select(*(c[name] for name in names))
        .where(*_within(tenant, span))
        .order_by(c.ts, c.context, c.evse_id, c.connector_id)
        .limit(MOST)
    )
    return [
        SamplePoint(**{**row, "context": CONTEXTS[row["context"]]})
        for row in connection.execute(query).mappings()
    ]


def buckets(connection: Connection, tenant: str, span: Span, resolution: Resolution) -> list[BucketPoint]:
    """The curve of a span in buckets, in time order; at most MOST.

    `1m` is summed up from the samples as asked. `15m` is read from the rollup, which outlives them; its
    first and last bucket may hold readings of the connector just before and after the span.
    """
    return _minutes(connection, tenant, span) if resolution == "1m" else _quarters(connection, tenant, span)


def _within(tenant: str, span: Span) -> list[ColumnElement[bool]]:
    c = SAMPLES.c
    here = (span.evse_id, span.connector_id)
    conditions: list[ColumnElement[bool]] = [
        c.tenant == tenant,
        c.charger == span.charger.upper(),
        c.ts >= span.begin,
        c.ts <= span.end,
    ]
    place = and_(c.evse_id == here[0], c.connector_id == here[1])
    if span.session is None:
        return [*conditions, place]
    # A charger may name the EVSE in some messages of a transaction and not in others (2.x).
    places = tuple_(c.evse_id, c.connector_id).in_(sorted({here, (span.evse_id, 0), (0, 0)}))
    own = or_(c.session == span.session, and_(c.session.is_(None), place))
    return [*conditions, places, own]


def _minutes(connection: Connection, tenant: str, span: Span) -> list[BucketPoint]:
    c = SAMPLES.c
    bucket = func.date_bin(
        literal_column("interval '1 min'"),
        c.ts,
        literal_column("timestamptz '2000-01-03 00:00+00'"),
        type_=DateTime(timezone=True),
    )
    query = (
        select(
            bucket.label("bucket"),
            func.count().label("n"),
            func.avg(c.power_w).label("power_w"),
            func.max(c.power_w).label("power_max_w"),
            func.max(c.soc_pct).label("soc_pct"),
            func.max(c.energy_wh).label("energy_wh"),
        )
        .where(*_within(tenant, span))
        .group_by(bucket)
        .order_by(bucket)
        .limit(MOST)
    )
    return [BucketPoint(**row) for row in connection.execute(query).mappings()]


_QUARTERS = table(
    "ocpp_meter_15m",
    column("tenant"),
    column("charger"),
    column("evse_id"),
    column("connector_id"),
    column("bucket", DateTime(timezone=True)),
    column("n"),
    column("power_n"),
    column("power_sum", Numeric),
    column("power_max"),
    column("soc_max"),
    column("energy_max_wh", Numeric),
)


def _quarters(connection: Connection, tenant: str, span: Span) -> list[BucketPoint]:
    c = _QUARTERS.c
    query = (
        select(
            c.bucket,
            c.n,
            (c.power_sum / func.nullif(c.power_n, 0)).label("power_w"),
            c.power_max.label("power_max_w"),
            c.soc_max.label("soc_pct"),
            c.energy_max_wh.label("energy_wh"),
        )
        .where(
            c.tenant == tenant,
            c.charger == span.charger.upper(),
            c.evse_id == span.evse_id,
            c.connector_id == span.connector_id,
            c.bucket >= bucket_of(span.begin),
            c.bucket <= span.end,
        )
        .order_by(c.bucket)
        .limit(MOST)
    )
    rows = connection.execute(query).mappings()
    return [BucketPoint(**{**row, "power_w": _float(row["power_w"])}) for row in rows]


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def span_of_session(
    *,
    session: str,
    charger: str,
    evse_id: int | None,
    connector_id: int | None,
    started_at: datetime | None,
    ended_at: datetime | None,
    reported_at: datetime,
    now: datetime,
) -> Span:
    """The span of a session, from its row: to its end, or to now while it runs.

    A day is left at either side where a bound is unknown; samples name their session, so nobody else's
    come in. The charger's clock may be ahead of ours, hence a day beyond `now` as well.
    """
    margin = timedelta(days=1)
    return Span(
        charger=charger,
        evse_id=evse_id or 0,
        connector_id=connector_id or 0,
        begin=started_at if started_at is not None else reported_at - margin,
        end=ended_at if ended_at is not None else now + margin,
        session=session,
    )
