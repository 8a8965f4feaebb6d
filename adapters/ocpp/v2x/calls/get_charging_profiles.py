"""GetChargingProfiles of 2.x (K09)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.addresses import not_below_zero
from domain.commands.intent import Abilities, Answer
from domain.commands.load import GetChargingProfiles

ACTIONS = ("GetChargingProfiles",)
ANYBODY = ("CSO", "EMS", "SO", "Other")
"""ChargingLimitSourceEnumType: all who set profiles, since at least one criterion must be told (K09.FR.03)."""


def to_call(intent: GetChargingProfiles, abilities: Abilities) -> WireCall:
    """The call. Refused: ids together with other criteria."""
    criteria = filled(
        {
            "chargingProfilePurpose": intent.purpose.value if intent.purpose else None,
            "stackLevel": intent.stack_level,
            "chargingLimitSource": list(dict.fromkeys(intent.sources)),
        }
    )
    if intent.profile_ids and criteria:
        raise CannotSay("Profiles are asked for by their ids, or by what they are; not by both (K09.FR.03).")
    if intent.profile_ids:
        criteria = {"chargingProfileId": list(intent.profile_ids)}
    payload = {
        "requestId": intent.request_id,
        "evseId": None if intent.evse_id is None else not_below_zero(intent.evse_id),
        "chargingProfile": criteria or {"chargingLimitSource": list(ANYBODY)},
    }
    return WireCall("GetChargingProfiles", filled(payload))


def to_answer(intent: GetChargingProfiles, payload: Mapping[str, Any]) -> Answer:
    """Accepted: the report follows; NoProfiles: there are none like that, and none follows."""
    return answered(payload)
