"""A charging profile as 2.x writes it (ChargingProfileType)."""

from typing import Any

from adapters.ocpp.operation import CannotSay
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.wire_numbers import tenths
from domain.charging_profiles.profile import ChargingProfile, Period, Purpose, Schedule


def charging_profile(profile: ChargingProfile) -> dict[str, Any]:
    """The profile; raises CannotSay for external constraints, and where there is not one to three schedules."""
    if profile.purpose is Purpose.EXTERNAL:
        raise CannotSay("External constraints are set by others than a CSMS (K01.FR.22).")
    if not 1 <= len(profile.schedules) <= 3:
        raise CannotSay("A charging profile has one to three schedules.")
    return filled(
        {
            "id": profile.profile_id,
            "stackLevel": profile.stack_level,
            "chargingProfilePurpose": profile.purpose.value,
            "chargingProfileKind": profile.kind.value,
            "recurrencyKind": profile.recurrency.value if profile.recurrency else None,
            "validFrom": profile.valid_from,
            "validTo": profile.valid_to,
            "transactionId": profile.transaction,
            "chargingSchedule": [
                _schedule(schedule, number) for number, schedule in enumerate(profile.schedules, start=1)
            ],
        }
    )


def _schedule(schedule: Schedule, number: int) -> dict[str, Any]:
    if not schedule.periods:
        raise CannotSay("A charging schedule has at least one period.")
    return filled(
        {
            "id": schedule.schedule_id or number,
            "startSchedule": schedule.start_at,
            "duration": schedule.duration_s,
            "chargingRateUnit": schedule.unit.value,
            "chargingSchedulePeriod": [_period(period) for period in schedule.periods],
            "minChargingRate": None if schedule.min_rate is None else tenths(schedule.min_rate),
        }
    )


def _period(period: Period) -> dict[str, Any]:
    return filled(
        {
            "startPeriod": period.start_s,
            "limit": tenths(period.limit),
            "numberPhases": period.phases,
            "phaseToUse": period.phase_to_use,
        }
    )
