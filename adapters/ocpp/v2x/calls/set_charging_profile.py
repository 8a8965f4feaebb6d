"""SetChargingProfile of 2.x (K01)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.v2x.calls.addresses import not_below_zero
from adapters.ocpp.v2x.calls.charging_profile import charging_profile
from domain.charging_profiles.profile import Kind, Purpose
from domain.commands.intent import Abilities, Answer
from domain.commands.load import SetChargingProfile

ACTIONS = ("SetChargingProfile",)


def to_call(intent: SetChargingProfile, abilities: Abilities) -> WireCall:
    """The call.

    Refused: external constraints; a maximum for one EVSE, or relative; a TxProfile for EVSE 0 or without transaction;
    a limit with more than one digit after the point.
    """
    check_place(intent)
    payload = {
        "evseId": not_below_zero(intent.evse_id),
        "chargingProfile": charging_profile(intent.profile),
    }
    return WireCall("SetChargingProfile", payload)


def check_place(intent: SetChargingProfile) -> None:
    """Raises CannotSay where purpose, EVSE and transaction do not fit together."""
    purpose = intent.profile.purpose
    if purpose is Purpose.CHARGER_MAX and intent.evse_id != 0:  # K01.FR.03, and the purpose's own definition
        raise CannotSay("A ChargingStationMaxProfile holds for the charger as a whole, EVSE 0.")
    if purpose is Purpose.CHARGER_MAX and intent.profile.kind is Kind.RELATIVE:
        raise CannotSay("A ChargingStationMaxProfile has no transaction to be relative to (K01.FR.38).")
    if purpose is Purpose.TX and intent.evse_id == 0:
        raise CannotSay("A TxProfile holds for a transaction, and so for one EVSE, not for 0 (K01.FR.16).")
    if purpose is Purpose.TX and not intent.profile.transaction:
        raise CannotSay("A TxProfile names its transaction (K01.FR.03).")
    if purpose is not Purpose.TX and intent.profile.transaction:
        raise CannotSay("Only a TxProfile names a transaction.")


def to_answer(intent: SetChargingProfile, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected."""
    return answered(payload)
