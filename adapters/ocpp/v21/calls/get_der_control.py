"""GetDERControl of 2.1 (R04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from domain.commands.der import GetDERControl
from domain.commands.intent import Abilities, Answer

ACTIONS = ("GetDERControl",)


def to_call(intent: GetDERControl, abilities: Abilities) -> WireCall:
    """The call."""
    payload = {
        "requestId": intent.request_id,
        "isDefault": intent.default,
        "controlType": intent.kind,
        "controlId": intent.control_id,
    }
    return WireCall("GetDERControl", filled(payload))


def to_answer(intent: GetDERControl, payload: Mapping[str, Any]) -> Answer:
    """Accepted: the report follows; Rejected, NotSupported, NotFound."""
    return answered(payload)
