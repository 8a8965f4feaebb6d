"""ClearChargingProfile of 2.x (K10)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.addresses import not_below_zero
from domain.charging_profiles.profile import Purpose
from domain.commands.intent import Abilities, Answer
from domain.commands.load import ClearChargingProfile

ACTIONS = ("ClearChargingProfile",)


def to_call(intent: ClearChargingProfile, abilities: Abilities) -> WireCall:
    """The call. Refused: everything at once; an id together with a filter; external constraints."""
    filters = _filters(intent)
    if intent.profile_id is not None and (filters or intent.everything):
        raise CannotSay("A profile is named by its id, or by what it is; not by both.")
    if intent.profile_id is not None:
        return WireCall("ClearChargingProfile", {"chargingProfileId": intent.profile_id})
    if intent.everything or not filters:  # K10.FR.02: an id, or at least one criterion
        raise CannotSay(
            "OCPP 2.x clears what is named: an id, an EVSE, a purpose or a stack level (K10.FR.02)."
        )
    return WireCall("ClearChargingProfile", {"chargingProfileCriteria": filters})


def to_answer(intent: ClearChargingProfile, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Unknown: no profile was like that."""
    return answered(payload)


def _filters(intent: ClearChargingProfile) -> dict[str, Any]:
    if intent.purpose is Purpose.EXTERNAL:
        raise CannotSay("External constraints are set and cleared by others than a CSMS (K10.FR.06).")
    return filled(
        {
            "evseId": None if intent.evse_id is None else not_below_zero(intent.evse_id),
            "chargingProfilePurpose": intent.purpose.value if intent.purpose else None,
            "stackLevel": intent.stack_level,
        }
    )
