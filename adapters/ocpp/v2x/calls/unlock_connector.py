"""UnlockConnector of 2.x (F05)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v2x.calls.addresses import above_zero
from domain.commands.intent import Abilities, Answer
from domain.commands.transactions import UnlockConnector

ACTIONS = ("UnlockConnector",)


def to_call(intent: UnlockConnector, abilities: Abilities) -> WireCall:
    """The call. Refused: EVSE 0; connector 0."""
    payload = {
        "evseId": above_zero(intent.evse_id),
        "connectorId": above_zero(intent.connector_id, "connector"),
    }
    return WireCall("UnlockConnector", payload)


def to_answer(intent: UnlockConnector, payload: Mapping[str, Any]) -> Answer:
    """Unlocked; UnlockFailed, OngoingAuthorizedTransaction, UnknownConnector."""
    return answered(payload)
