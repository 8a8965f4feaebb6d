"""ClearDisplayMessage of 2.x (O05)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from domain.commands.drivers import ClearDisplayMessage
from domain.commands.intent import Abilities, Answer

ACTIONS = ("ClearDisplayMessage",)


def to_call(intent: ClearDisplayMessage, abilities: Abilities) -> WireCall:
    """The call."""
    return WireCall("ClearDisplayMessage", {"id": intent.message_id})


def to_answer(intent: ClearDisplayMessage, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Unknown, 2.1 also Rejected."""
    return answered(payload)
