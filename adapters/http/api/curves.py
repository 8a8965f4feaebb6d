"""The meter curve of a session: every sample as received, or what a minute or a quarter of an hour comes to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import Connection

from adapters.http.api.values import Exact
from adapters.http.route import Shape
from projections.meter_samples import queries
from projections.sessions.queries import SessionRow

Resolution = Literal["raw", "1m", "15m"]


class RawSample(Shape):
    """Readings taken at one instant for one reason, in base units (Wh, W, A, V, %, °C)."""

    at: datetime = Field(
        validation_alias="ts", description="The charger's clock; ours where it told no sane time."
    )
    context: str = Field(description="Why it was taken, such as `Sample.Periodic`.")
    received_at: datetime = Field(description="Our clock.")
    energy_wh: Exact | None = Field(description="The import register.")
    energy_export_wh: Exact | None
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
    extra: dict[str, Any] | None = Field(description="What has no field of its own, as told.")


class Bucket(Shape):
    """What the samples of a minute or a quarter of an hour come to."""

    at: datetime = Field(validation_alias="bucket", description="Its beginning.")
    n: int = Field(description="How many samples it holds.")
    power_w: float | None = Field(description="The mean of the readings.")
    power_max_w: float | None
    soc_pct: float | None = Field(description="The highest.")
    energy_wh: Exact | None = Field(description="The highest register.")


def curve_of(
    connection: Connection, tenant: str, session: SessionRow, resolution: Resolution | None, now: datetime
) -> Sequence[RawSample] | Sequence[Bucket] | None:
    """The curve of a session at a resolution; None where none was asked for."""
    if resolution is None:
        return None
    span = queries.span_of_session(
        session=session.session,
        charger=session.charger,
        evse_id=session.evse_id,
        connector_id=session.connector_id,
        started_at=session.started_at,
        ended_at=session.ended_at,
        reported_at=session.reported_at,
        now=now,
    )
    if resolution == "raw":
        return [RawSample.model_validate(one) for one in queries.curve(connection, tenant, span)]
    return [Bucket.model_validate(one) for one in queries.buckets(connection, tenant, span, resolution)]
