"""UpdateDynamicSchedule of 2.1 (K28)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.wire_numbers import number
from domain.commands.intent import Abilities, Answer
from domain.commands.load import UpdateDynamicSchedule

ACTIONS = ("UpdateDynamicSchedule",)


def to_call(intent: UpdateDynamicSchedule, abilities: Abilities) -> WireCall:
    """The call. Refused: no values, or values for more than three phases."""
    limits = intent.limits
    update = {
        **_per_phase("limit", limits.limit),
        **_per_phase("dischargeLimit", limits.discharge_limit),
        **_per_phase("setpoint", limits.setpoint),
        **_per_phase("setpointReactive", limits.setpoint_reactive),
    }
    if not update:
        raise CannotSay("Name a new limit or setpoint.")
    payload = {"chargingProfileId": intent.profile_id, "scheduleUpdate": update}
    return WireCall("UpdateDynamicSchedule", payload)


def to_answer(intent: UpdateDynamicSchedule, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected."""
    return answered(payload)


def _per_phase(field: str, values: tuple[Decimal, ...]) -> dict[str, int | float]:
    """The field for L1, or for all phases; then `_L2` and `_L3`."""
    if len(values) > 3:
        raise CannotSay("There are three phases.")
    names = (field, f"{field}_L2", f"{field}_L3")
    return {name: number(value) for name, value in zip(names, values, strict=False)}
