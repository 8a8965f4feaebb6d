"""RequestStartTransaction of 2.x (F01, F02)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.addresses import above_zero
from adapters.ocpp.v2x.calls.charging_profile import charging_profile
from adapters.ocpp.v2x.calls.tokens import id_token
from domain.charging_profiles.profile import ChargingProfile, Purpose
from domain.commands.intent import Abilities, Answer
from domain.commands.transactions import RemoteStart

ACTIONS = ("RequestStartTransaction",)


def to_call(intent: RemoteStart, abilities: Abilities) -> WireCall:
    """The call. Refused: EVSE 0; an empty token; a profile that is no TxProfile, or names a transaction."""
    group, at, profile = intent.group_id_token, intent.evse_id, intent.profile
    payload = filled(
        {
            "evseId": None if at is None else above_zero(at),
            "remoteStartId": intent.request_id,
            "idToken": id_token(intent.id_token),
            "groupIdToken": None if group is None else id_token(group),
            "chargingProfile": None if profile is None else _profile(profile),
        }
    )
    return WireCall("RequestStartTransaction", payload)


def to_answer(intent: RemoteStart, payload: Mapping[str, Any]) -> Answer:
    """Accepted, Rejected. Result `{"transaction"}`, where it had begun before (the cable was there first, F02)."""
    transaction = payload.get("transactionId")
    return answered(payload, {"transaction": transaction} if transaction else None)


def _profile(profile: ChargingProfile) -> dict[str, Any]:
    """2.x K05: a TxProfile; the transaction it is for does not exist yet."""
    if profile.purpose is not Purpose.TX:
        raise CannotSay("A transaction is started with a TxProfile, or with none.")
    if profile.transaction:
        raise CannotSay("A profile to start with names no transaction: there is none yet.")
    return charging_profile(profile)
