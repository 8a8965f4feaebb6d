"""GetCompositeSchedule of 1.6 (§5.7)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered, plain
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.timestamps import read_timestamp
from adapters.ocpp.v16.calls.addresses import connector_of
from adapters.ocpp.wire_numbers import exact
from domain.charging_profiles.profile import Period, Schedule, Unit
from domain.commands.intent import Abilities, Answer
from domain.commands.load import GetCompositeSchedule

ACTIONS = ("GetCompositeSchedule",)


def to_call(intent: GetCompositeSchedule, abilities: Abilities) -> WireCall:
    """The call. Refused: a duration below 1 s."""
    if intent.duration_s < 1:
        raise CannotSay("A schedule is asked for over at least one second.")
    payload: dict[str, Any] = {"connectorId": connector_of(intent.evse_id), "duration": intent.duration_s}
    if intent.unit is not None:
        payload["chargingRateUnit"] = intent.unit.value
    return WireCall("GetCompositeSchedule", payload)


def to_answer(intent: GetCompositeSchedule, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected. Result `{"evse_id", "schedule"}`, the schedule in the shape of our `Schedule`.

    Without periods, as some chargers answer where no profile holds, there is no `schedule`.
    """
    told = payload.get("chargingSchedule") or {}
    result: dict[str, Any] = {"evse_id": payload.get("connectorId", intent.evse_id)}
    if told.get("chargingSchedulePeriod"):
        start = payload.get("scheduleStart") or told.get("startSchedule")
        result["schedule"] = plain(_schedule(told, start))
    return answered(payload, result)


def _schedule(told: Mapping[str, Any], start: str | None) -> Schedule:
    min_rate = told.get("minChargingRate")
    return Schedule(
        unit=Unit(told["chargingRateUnit"]),
        periods=tuple(_period(period) for period in told["chargingSchedulePeriod"]),
        duration_s=told.get("duration"),
        start_at=None if start is None else read_timestamp(start).at,
        min_rate=None if min_rate is None else exact(min_rate),
    )


def _period(told: Mapping[str, Any]) -> Period:
    return Period(
        start_s=told["startPeriod"],
        limit=exact(told["limit"]),
        phases=told.get("numberPhases"),
    )
