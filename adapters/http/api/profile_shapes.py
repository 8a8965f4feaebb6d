"""A charging profile as answers show it."""

from datetime import datetime
from decimal import Decimal

from adapters.http.api.values import Exact
from adapters.http.route import Shape
from domain.charging_profiles.profile import Kind, Placed, Purpose, Recurrency, Unit


class PeriodShape(Shape):
    """From `start` on."""

    start: int
    limit: Exact
    phases: int | None


class ScheduleShape(Shape):
    """A limit that changes over time."""

    unit: Unit
    periods: list[PeriodShape]
    duration: int | None
    start: datetime | None
    min: Exact | None


class ProfileShape(Shape):
    """A profile at its place."""

    id: int
    connector: int
    purpose: Purpose
    stack_level: int
    kind: Kind
    recurrency: Recurrency | None
    schedules: list[ScheduleShape]
    valid_from: datetime | None
    valid_to: datetime | None
    transaction: str | None


def shown(placed: Placed) -> ProfileShape:
    """In its public shape."""
    profile = placed.profile
    return ProfileShape(
        id=profile.profile_id,
        connector=placed.evse_id,
        purpose=profile.purpose,
        stack_level=profile.stack_level,
        kind=profile.kind,
        recurrency=profile.recurrency,
        schedules=[
            ScheduleShape(
                unit=schedule.unit,
                periods=[
                    PeriodShape(start=one.start_s, limit=Decimal(one.limit), phases=one.phases)
                    for one in schedule.periods
                ],
                duration=schedule.duration_s,
                start=schedule.start_at,
                min=schedule.min_rate,
            )
            for schedule in profile.schedules
        ],
        valid_from=profile.valid_from,
        valid_to=profile.valid_to,
        transaction=profile.transaction or None,
    )
