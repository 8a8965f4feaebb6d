"""Limits, charging profiles and schedules in 2.x (functional block K)."""

from adapters.ocpp.v2x.fields import Payload, number_in, time_in, whole_in
from adapters.ocpp.whole_numbers import int32
from application.reports import Report
from domain.chargers.smart_charging import (
    LimitCleared,
    LimitNotified,
    Period,
    PhaseValues,
    PriorityChargingSwitched,
    ProfilesReported,
    ReportedProfile,
    Schedule,
    ScheduleUpdateAsked,
)


def limit(payload: Payload) -> Report:
    """NotifyChargingLimit."""
    told = payload["chargingLimit"]
    return Report(
        LimitNotified(
            source=told["chargingLimitSource"],
            evse_id=whole_in(payload, "evseId"),
            grid_critical=told.get("isGridCritical"),
            local_generation=told.get("isLocalGeneration"),
            schedules=tuple(schedule(one) for one in payload.get("chargingSchedule", ())),
        )
    )


def limit_cleared(payload: Payload) -> Report:
    """ClearedChargingLimit."""
    return Report(LimitCleared(source=payload["chargingLimitSource"], evse_id=whole_in(payload, "evseId")))


def profiles_report(payload: Payload) -> Report:
    """ReportChargingProfiles."""
    return Report(
        ProfilesReported(
            request_id=int32(payload["requestId"]),
            source=payload["chargingLimitSource"],
            evse_id=int32(payload["evseId"]),
            profiles=tuple(_profile(told) for told in payload["chargingProfile"]),
            more=payload.get("tbc", False),
        )
    )


def schedule_update(payload: Payload) -> Report:
    """PullDynamicScheduleUpdate (2.1)."""
    return Report(ScheduleUpdateAsked(int32(payload["chargingProfileId"])))


def priority(payload: Payload) -> Report:
    """NotifyPriorityCharging (2.1)."""
    return Report(PriorityChargingSwitched(transaction=payload["transactionId"], active=payload["activated"]))


def schedule(told: Payload) -> Schedule:
    """ChargingScheduleType, without its prices."""
    return Schedule(
        schedule_id=int32(told["id"]),
        unit=told["chargingRateUnit"],
        periods=tuple(_period(one) for one in told["chargingSchedulePeriod"]),
        start_at=time_in(told, "startSchedule"),
        duration_s=whole_in(told, "duration"),
        min_rate=number_in(told, "minChargingRate"),
    )


def phase_values(told: Payload, name: str) -> PhaseValues | None:
    """The fields `name`, `name_L2` and `name_L3`; None where all three are absent."""
    values = [number_in(told, field) for field in (name, f"{name}_L2", f"{name}_L3")]
    return PhaseValues(*values) if any(value is not None for value in values) else None


def _period(told: Payload) -> Period:
    return Period(
        start_s=int32(told["startPeriod"]),
        limit=phase_values(told, "limit"),
        discharge_limit=phase_values(told, "dischargeLimit"),
        setpoint=phase_values(told, "setpoint"),
        setpoint_reactive=phase_values(told, "setpointReactive"),
        phases=whole_in(told, "numberPhases"),
        phase_to_use=whole_in(told, "phaseToUse"),
        operation_mode=told.get("operationMode", ""),
    )


def _profile(told: Payload) -> ReportedProfile:
    return ReportedProfile(
        profile_id=int32(told["id"]),
        stack_level=int32(told["stackLevel"]),
        purpose=told["chargingProfilePurpose"],
        kind=told["chargingProfileKind"],
        schedules=tuple(schedule(one) for one in told["chargingSchedule"]),
        recurrency=told.get("recurrencyKind", ""),
        valid_from=time_in(told, "validFrom"),
        valid_to=time_in(told, "validTo"),
        transaction=told.get("transactionId", ""),
        update_interval_s=whole_in(told, "dynUpdateInterval"),
    )
