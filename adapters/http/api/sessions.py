"""`/sessions`: charging sessions, the read model of transactions, and their meter curves."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from adapters.http.api.values import Exact, Instant, ShownToken
from adapters.http.route import PageQuery, Query, Shape

State = Literal["active", "ended", "awaiting_reconciliation"]


class SessionsQuery(PageQuery):
    """Filters of the list; they are combined with AND. Newest first."""

    charger: str | None = Field(None, max_length=48, description="The charger's id, in any case.")
    tag: str | None = Field(None, max_length=255, description="The id token that started it, in any case.")
    state: State | None = None
    reason: str | None = Field(None, max_length=40, description="Why it stopped, such as `EVDisconnected`.")
    since: Instant | None = Field(None, alias="from", description="Started at or after.")
    until: Instant | None = Field(None, alias="to", description="Started before.")
    min_kwh: Decimal | None = Field(None, ge=0, le=1_000_000, description="At least so much energy.")


class OneSessionQuery(Query):
    """Which meter curve to add."""

    samples: Literal["raw", "1m", "15m"] | None = Field(
        None, description="The meter curve: as received, or by the minute or quarter of an hour."
    )


class SessionLine(Shape):
    """A session in a list."""

    id: str
    charger: str = Field(description="The charger's id.")
    evse_id: int | None
    connector_id: int | None
    transaction_id: int | None = Field(description="1.6: the number given to the charger.")
    reference: str | None = Field(description="2.x: the charger's own transaction id.")
    id_token: ShownToken | None
    stop_token: ShownToken | None
    verdict: str | None = Field(description="What the charger was told of the token.")
    state: State
    charging_state: str | None
    started_at: datetime | None = Field(description="The charger's clock.")
    ended_at: datetime | None = Field(description="The charger's clock.")
    reported_at: datetime = Field(description="Our clock at the first word of it.")
    end_reported_at: datetime | None
    energy_wh: int | None = Field(description="Null where no two readings allow a figure; never invented.")
    meter_start_wh: Exact | None
    meter_stop_wh: Exact | None
    reason: str | None
    flags: list[str] = Field(description="What is odd about it, such as `meter_went_back`.")


COLUMNS = tuple(SessionLine.model_fields)
"""The columns of the CSV."""


class RawSample(Shape):
    """Readings at one instant, as received. What has no field is in `extra`."""

    at: datetime = Field(description="The charger's clock.")
    context: str
    energy_wh: Exact | None
    power_w: float | None
