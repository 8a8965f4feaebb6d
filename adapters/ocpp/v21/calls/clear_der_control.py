"""ClearDERControl of 2.1 (R04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from domain.commands.der import ClearDERControl
from domain.commands.intent import Abilities, Answer

ACTIONS = ("ClearDERControl",)


def to_call(intent: ClearDERControl, abilities: Abilities) -> WireCall:
    """The call."""
    payload = {
        "isDefault": intent.default,
        "controlType": intent.kind,
        "controlId": intent.control_id,
    }
    return WireCall("ClearDERControl", filled(payload))


def to_answer(intent: ClearDERControl, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, NotSupported, NotFound."""
    return answered(payload)
