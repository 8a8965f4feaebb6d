"""A charging profile as 1.6 writes it (§7.8): one schedule, three purposes, limits with one decimal."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.operation import CannotSay
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v16.calls.addresses import whole
from adapters.ocpp.wire_numbers import tenths
from domain.charging_profiles.profile import ChargingProfile, Kind, Period, Purpose, Schedule

PURPOSES: Mapping[Purpose, str] = {
    Purpose.CHARGER_MAX: "ChargePointMaxProfile",
    Purpose.TX_DEFAULT: "TxDefaultProfile",
    Purpose.TX: "TxProfile",
}


def purpose_of(purpose: Purpose) -> str:
    """ChargingProfilePurposeType; raises CannotSay for the purposes that came with 2.x."""
    if purpose not in PURPOSES:
        raise CannotSay(f"OCPP 1.6 has no charging profiles of purpose {purpose}.")
    return PURPOSES[purpose]


def charging_profile(profile: ChargingProfile) -> dict[str, Any]:
    """ChargingProfile; raises CannotSay for what only 2.x has words for."""
    if profile.kind is Kind.DYNAMIC:
        raise CannotSay("OCPP 1.6 has no dynamic charging profiles.")
    if len(profile.schedules) != 1:
        raise CannotSay("A charging profile of OCPP 1.6 has exactly one schedule.")
    return filled(
        {
            "chargingProfileId": profile.profile_id,
            "transactionId": whole(profile.transaction, "a transaction") if profile.transaction else None,
            "stackLevel": profile.stack_level,
            "chargingProfilePurpose": purpose_of(profile.purpose),
            "chargingProfileKind": profile.kind.value,
            "recurrencyKind": profile.recurrency.value if profile.recurrency else None,
            "validFrom": profile.valid_from,
            "validTo": profile.valid_to,
            "chargingSchedule": charging_schedule(profile.schedules[0]),
        }
    )


def charging_schedule(schedule: Schedule) -> dict[str, Any]:
    """ChargingSchedule (§7.13)."""
    if not schedule.periods:
        raise CannotSay("A charging schedule has at least one period.")
    return filled(
        {
            "duration": schedule.duration_s,
            "startSchedule": schedule.start_at,
            "chargingRateUnit": schedule.unit.value,
            "chargingSchedulePeriod": [_period(period) for period in schedule.periods],
            "minChargingRate": None if schedule.min_rate is None else tenths(schedule.min_rate),
        }
    )


def _period(period: Period) -> dict[str, Any]:
    if period.phase_to_use is not None:
        raise CannotSay("OCPP 1.6 cannot say which phase is to be used.")
    payload: dict[str, Any] = {"startPeriod": period.start_s, "limit": tenths(period.limit)}
    if period.phases is not None:
        payload["numberPhases"] = period.phases
    return payload
