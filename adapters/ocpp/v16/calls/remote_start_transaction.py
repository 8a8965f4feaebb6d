"""RemoteStartTransaction of 1.6 (§5.11)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.v16.calls.addresses import one_connector
from adapters.ocpp.v16.calls.charging_profile import charging_profile
from adapters.ocpp.v16.calls.tokens import id_tag
from domain.charging_profiles.profile import ChargingProfile, Purpose
from domain.commands.intent import Abilities, Answer
from domain.commands.transactions import RemoteStart

ACTIONS = ("RemoteStartTransaction",)


def to_call(intent: RemoteStart, abilities: Abilities) -> WireCall:
    """The call.

    Refused: a token of more than 20 signs; EVSE 0; a profile that is no TxProfile, or names a transaction, or that
    the charger would ignore for want of SmartCharging.
    """
    payload: dict[str, Any] = {"idTag": id_tag(intent.id_token)}
    if intent.evse_id is not None:
        payload["connectorId"] = one_connector(intent.evse_id)
    if intent.profile is not None:
        payload["chargingProfile"] = _profile(intent.profile, abilities)
    return WireCall("RemoteStartTransaction", payload)


def to_answer(intent: RemoteStart, payload: Mapping[str, Any]) -> Answer:
    """Accepted, Rejected."""
    return answered(payload)


def _profile(profile: ChargingProfile, abilities: Abilities) -> dict[str, Any]:
    """1.6 §5.11: the purpose SHALL be TxProfile, the transaction id SHALL NOT be set."""
    if profile.purpose is not Purpose.TX:
        raise CannotSay("A transaction is started with a TxProfile, or with none.")
    if profile.transaction:
        raise CannotSay("A profile to start with names no transaction: there is none yet.")
    if abilities.profiles is not None and "SmartCharging" not in abilities.profiles:
        raise CannotSay("This charger has no SmartCharging and would start without the limit.")
    return charging_profile(profile)
