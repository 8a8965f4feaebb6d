"""RequestBatterySwap of 2.1 (S02)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v2x.calls.tokens import id_token
from domain.commands.drivers import RequestBatterySwap
from domain.commands.intent import Abilities, Answer

ACTIONS = ("RequestBatterySwap",)


def to_call(intent: RequestBatterySwap, abilities: Abilities) -> WireCall:
    """The call. Refused: an empty token."""
    payload = {"idToken": id_token(intent.id_token), "requestId": intent.request_id}
    return WireCall("RequestBatterySwap", payload)


def to_answer(intent: RequestBatterySwap, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected."""
    return answered(payload)
