"""ClearChargingProfile of 1.6 (§5.5)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.v16.calls.addresses import connector_of
from adapters.ocpp.v16.calls.charging_profile import purpose_of
from domain.commands.intent import Abilities, Answer
from domain.commands.load import ClearChargingProfile

ACTIONS = ("ClearChargingProfile",)


def to_call(intent: ClearChargingProfile, abilities: Abilities) -> WireCall:
    """The call. Refused: neither id nor filter, unless everything is meant; an id together with a filter."""
    filters = _filters(intent)
    if intent.everything and (filters or intent.profile_id is not None):
        raise CannotSay("Either everything is cleared, or what is named.")
    if intent.profile_id is not None and filters:
        raise CannotSay("A profile is named by its id, or by what it is; not by both.")
    if intent.profile_id is not None:
        filters = {"id": intent.profile_id}
    if not filters and not intent.everything:  # errata 3.25: an empty request clears all profiles
        raise CannotSay("Name what to clear; everything must be said so.")
    return WireCall("ClearChargingProfile", filters)


def to_answer(intent: ClearChargingProfile, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Unknown: no profile was like that."""
    return answered(payload)


def _filters(intent: ClearChargingProfile) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if intent.evse_id is not None:
        filters["connectorId"] = connector_of(intent.evse_id)
    if intent.purpose is not None:
        filters["chargingProfilePurpose"] = purpose_of(intent.purpose)
    if intent.stack_level is not None:
        filters["stackLevel"] = intent.stack_level
    return filters
