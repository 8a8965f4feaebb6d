"""`/sessions`: charging sessions, which are the read model of transactions."""

import re
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import Literal

import msgspec
from pydantic import Field

from adapters.http.api.curves import Bucket, RawSample, curve_of
from adapters.http.api.past import session_then
from adapters.http.api.values import Exact, Instant, ShownToken
from adapters.http.route import Asked, Page, PageQuery, Query, Shape
from projections.session_figures.queries import settlements
from projections.sessions import queries

State = Literal["active", "ended", "awaiting_reconciliation"]

_ID = re.compile(r"[a-z2-7]{16}")


class SessionsQuery(PageQuery):
    """Filters of the list; they are combined with AND. Newest first."""

    charger: str | None = Field(None, max_length=48, description="The charger's id, in any case.")
    tag: str | None = Field(None, max_length=255, description="The id token that started it, in any case.")
    state: State | None = None
    reason: str | None = Field(None, max_length=40, description="Why it stopped, such as `EVDisconnected`.")
    flag: str | None = Field(None, max_length=40, description="Marked with this, such as `meter_went_back`.")
    since: Instant | None = Field(None, alias="from", description="Started at or after.")
    until: Instant | None = Field(None, alias="to", description="Started before.")
    min_kwh: Decimal | None = Field(None, ge=0, le=1_000_000, description="At least so much energy.")


class OneSessionQuery(Query):
    """Which meter curve to add."""

    samples: Literal["raw", "1m", "15m"] | None = Field(
        None, description="The meter curve: as received, or by the minute or quarter of an hour."
    )
    at: Instant | None = Field(
        None,
        description="As it was at this instant, from the log; now where left out. The curve is the present one.",
    )


class SessionLine(Shape):
    """A session in a list."""

    id: str = Field(validation_alias="session")
    charger: str = Field(description="The charger's id in upper case.")
    evse_id: int | None
    connector_id: int | None
    transaction_id: int | None = Field(
        validation_alias="number", description="1.6: the number given to the charger."
    )
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
    signed_state: str = Field(
        description="Of its signed meter values: `none`, `unverified`, `valid`, `invalid`."
    )
    signed_energy_wh: Exact | None = Field(
        description="Of the signed register, exactly; null unless `valid`."
    )


class SettledFigure(Shape):
    """The energy of a session as it was settled at its end, brought up to date by what came late, or corrected."""

    energy_wh: int | None
    meter_start_wh: Exact | None
    recorded_at: datetime = Field(description="Our clock.")
    event: str = Field(description="`stream@version`; who corrected it, and why, stands in the timeline.")


class Session(SessionLine):
    """Everything known of a session."""

    id_token_kind: str | None
    stop_token_kind: str | None
    register_wh: Exact | None = Field(description="The newest trusted register.")
    settled: bool = Field(description="`energy_wh` was settled after the end.")
    offline: bool | None = Field(description="It started while the charger had no connection.")
    reservation_id: int | None
    remote_start_id: int | None
    last_sample_at: datetime | None
    stale_at: datetime | None = Field(description="Our clock, since when its end is waited for.")
    stale_why: str | None = Field(description="`connector_free` or `charger_retired`.")
    closed_at: datetime | None = Field(
        description="Our clock, when it was closed at the last reading, as its end was not reported in time."
    )
    signed_reasons: list[str] = Field(description="Why they are not valid, such as `signature_wrong`.")
    signed_meter: str | None = Field(description="The serial number of the meter that signed.")
    settlements: list[SettledFigure] = Field(
        description="Every figure its energy had, in order; the last one counts."
    )
    samples: list[RawSample] | list[Bucket] | None = Field(
        description="The meter curve in the order of time; null where none was asked for."
    )


COLUMNS = tuple(SessionLine.model_fields)
"""The columns of the CSV."""


def list_sessions(asked: Asked[SessionsQuery]) -> Page[SessionLine]:
    """The newest first."""
    query = asked.query
    wanted = queries.SessionFilter(
        charger=query.charger,
        id_token=query.tag,
        pseudonyms=asked.pseudonyms(query.tag or ""),
        begin=query.since,
        end=query.until,
        state=query.state,
        reason=query.reason,
        flag=query.flag,
        min_energy_wh=None if query.min_kwh is None else ceil(query.min_kwh * 1000),
    )
    rows = queries.list_sessions(
        asked.connection, asked.caller.tenant, wanted, after=asked.after, limit=query.limit
    )
    return asked.page(SessionLine, rows)


def one_session(asked: Asked[OneSessionQuery]) -> Session | None:
    """One session, and its meter curve where it was asked for."""
    name = asked.path["id"]
    row = queries.session(asked.connection, asked.caller.tenant, name if _ID.fullmatch(name) else "")
    if row is not None and asked.query.at is not None:
        row = session_then(asked, row.transaction, asked.query.at)
    if row is None:
        return None
    samples = curve_of(asked.connection, asked.caller.tenant, row, asked.query.samples, asked.now)
    until = asked.query.at or asked.now
    settled = settlements(asked.connection, asked.caller.tenant, name, until)
    reasons = row.signed_reasons.split(",") if row.signed_reasons else []
    return Session.model_validate(
        {
            **msgspec.structs.asdict(row),
            "samples": samples,
            "signed_reasons": reasons,
            "settlements": [msgspec.structs.asdict(one) for one in settled],
        }
    )
