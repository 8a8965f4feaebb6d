"""GetCompositeSchedule of 2.x (K08)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered, plain
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.timestamps import read_timestamp
from adapters.ocpp.v2x.calls.addresses import not_below_zero
from adapters.ocpp.v2x.smart_charging import schedule as reported_schedule
from adapters.ocpp.wire_numbers import exact
from domain.charging_profiles.profile import Period, Schedule, Unit
from domain.commands.intent import Abilities, Answer
from domain.commands.load import GetCompositeSchedule

ACTIONS = ("GetCompositeSchedule",)
PLAIN = frozenset({"startPeriod", "limit", "numberPhases", "phaseToUse", "customData"})
"""What a period of our own has words for."""


def to_call(intent: GetCompositeSchedule, abilities: Abilities) -> WireCall:
    """The call. Refused: a duration below 1 s."""
    if intent.duration_s < 1:
        raise CannotSay("A schedule is asked for over at least one second.")
    payload = {
        "duration": intent.duration_s,
        "evseId": not_below_zero(intent.evse_id),
        "chargingRateUnit": intent.unit.value if intent.unit else None,
    }
    return WireCall("GetCompositeSchedule", filled(payload))


def to_answer(intent: GetCompositeSchedule, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected. Result `{"evse_id", "schedule"}`, the schedule in the shape of our `Schedule`.

    Without periods there is no `schedule`. Where 2.1 says more than one limit a period, or none (setpoints, limits of
    single phases), `told` takes its place, in the shape of a reported schedule: our `Schedule` would say less.
    """
    told = payload.get("schedule") or {}
    result: dict[str, Any] = {"evse_id": told.get("evseId", intent.evse_id)}
    periods = told.get("chargingSchedulePeriod") or []
    if periods and all("limit" in period and not period.keys() - PLAIN for period in periods):
        result["schedule"] = plain(_schedule(told))
    elif periods:
        result["told"] = plain(reported_schedule({"id": 0, **told, "startSchedule": told["scheduleStart"]}))
    return answered(payload, result)


def _schedule(told: Mapping[str, Any]) -> Schedule:
    return Schedule(
        unit=Unit(told["chargingRateUnit"]),
        periods=tuple(
            Period(
                start_s=period["startPeriod"],
                limit=exact(period["limit"]),
                phases=period.get("numberPhases"),
                phase_to_use=period.get("phaseToUse"),
            )
            for period in told["chargingSchedulePeriod"]
        ),
        duration_s=told.get("duration"),
        start_at=read_timestamp(told["scheduleStart"]).at,
    )
