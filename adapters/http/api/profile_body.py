"""A charging profile as callers write it, and as it is shown again."""

from decimal import Decimal

from pydantic import AwareDatetime, Field

from adapters.http.route import Body
from domain.charging_profiles.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    Recurrency,
    Schedule,
    Unit,
)


class PeriodBody(Body):
    """From `start` on, until the next period."""

    start: int = Field(ge=0, le=2_147_483_647, description="Seconds after the beginning of the schedule.")
    limit: Decimal = Field(
        ge=0,
        le=100_000_000,
        decimal_places=1,
        strict=False,
        description="In the schedule's unit, one decimal.",
    )
    phases: int | None = Field(None, ge=1, le=3, description="How many may be used; null: 3.")


class ScheduleBody(Body):
    """A limit that changes over time."""

    unit: Unit = Field(strict=False, description="`A` per phase, or `W` over all phases.")
    periods: list[PeriodBody] = Field(
        min_length=1, max_length=1024, examples=[[{"start": 0, "limit": 16}, {"start": 3600, "limit": 10.5}]]
    )
    duration: int | None = Field(None, ge=0, le=2_147_483_647, description="Seconds; null: no end.")
    start: AwareDatetime | None = Field(None, strict=False)
    min: Decimal | None = Field(None, ge=0, strict=False, description="Below this charging is inefficient.")


class ProfileBody(Body):
    """A charging profile (1.6 §7.8, 2.x ChargingProfileType), in 2.x words."""

    id: int | None = Field(None, ge=1, le=2_147_483_647, description="Null: one is chosen.")
    purpose: Purpose = Field(strict=False)
    stack_level: int = Field(0, ge=0, le=2_147_483_647)
    kind: Kind = Field(Kind.ABSOLUTE, strict=False)
    recurrency: Recurrency | None = Field(None, strict=False)
    schedule: ScheduleBody
    valid_from: AwareDatetime | None = Field(None, strict=False)
    valid_to: AwareDatetime | None = Field(None, strict=False)
    transaction: str | None = Field(
        None,
        max_length=36,
        description="The charger's own name of it: 1.6 the number, 2.x its transactionId.",
    )


def profile_of(body: ProfileBody, new_id: int) -> ChargingProfile:
    """The profile in our words; `new_id` where the caller chose none."""
    schedule = body.schedule
    periods = tuple(Period(start_s=one.start, limit=one.limit, phases=one.phases) for one in schedule.periods)
    return ChargingProfile(
        profile_id=body.id or new_id,
        stack_level=body.stack_level,
        purpose=body.purpose,
        kind=body.kind,
        recurrency=body.recurrency,
        schedules=(
            Schedule(
                unit=schedule.unit,
                periods=periods,
                duration_s=schedule.duration,
                start_at=schedule.start,
                min_rate=schedule.min,
                schedule_id=1,
            ),
        ),
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        transaction=body.transaction or "",
    )
