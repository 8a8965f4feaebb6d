"""SetChargingProfile of 1.6 (§5.16, §3.13.1)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.v16.calls.addresses import connector_of
from adapters.ocpp.v16.calls.charging_profile import charging_profile
from domain.charging_profiles.profile import Kind, Purpose
from domain.commands.intent import Abilities, Answer
from domain.commands.load import SetChargingProfile

ACTIONS = ("SetChargingProfile",)


def to_call(intent: SetChargingProfile, abilities: Abilities) -> WireCall:
    """The call.

    Refused: a ChargePointMaxProfile of one connector, or relative; a TxProfile of connector 0; a limit with more than
    one digit after the point; several schedules; purposes, kinds and phases of 2.x.
    """
    number, purpose = connector_of(intent.evse_id), intent.profile.purpose
    if purpose is Purpose.CHARGER_MAX and number != 0:
        raise CannotSay("A ChargePointMaxProfile holds for the charger as a whole, connector 0.")
    if purpose is Purpose.CHARGER_MAX and intent.profile.kind is Kind.RELATIVE:
        raise CannotSay("A ChargePointMaxProfile has no transaction to be relative to.")
    if purpose is Purpose.TX and number == 0:
        raise CannotSay("A TxProfile holds for a transaction, and so for one connector, not for 0.")
    if purpose is not Purpose.TX and intent.profile.transaction:
        raise CannotSay("Only a TxProfile names a transaction.")
    payload = {"connectorId": number, "csChargingProfiles": charging_profile(intent.profile)}
    return WireCall("SetChargingProfile", payload)


def to_answer(intent: SetChargingProfile, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, NotSupported."""
    return answered(payload)
