"""UnlockConnector of 1.6 (§5.18)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v16.calls.addresses import one_connector
from domain.commands.intent import Abilities, Answer
from domain.commands.transactions import UnlockConnector

ACTIONS = ("UnlockConnector",)


def to_call(intent: UnlockConnector, abilities: Abilities) -> WireCall:
    """The call. Refused: connector 0; a second connector of an EVSE."""
    number = one_connector(intent.evse_id, intent.connector_id)
    return WireCall("UnlockConnector", {"connectorId": number})


def to_answer(intent: UnlockConnector, payload: Mapping[str, Any]) -> Answer:
    """Unlocked; UnlockFailed, NotSupported (also of a connector that does not exist, errata 3.87)."""
    return answered(payload)
