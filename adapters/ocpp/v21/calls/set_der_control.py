"""SetDERControl of 2.1 (R04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from domain.commands.der import SetDERControl
from domain.commands.intent import Abilities, Answer

ACTIONS = ("SetDERControl",)


def to_call(intent: SetDERControl, abilities: Abilities) -> WireCall:
    """The call. Refused: none or several parts of a control."""
    if len(intent.control) != 1:
        raise CannotSay("A control has the one part that belongs to its kind, such as `curve`.")
    named = {"isDefault": intent.default, "controlId": intent.control_id, "controlType": intent.kind}
    return WireCall("SetDERControl", intent.control | named)


def to_answer(intent: SetDERControl, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, NotSupported, NotFound. Result `{"superseded": [control id]}`: those that yield."""
    return answered(payload, {"superseded": list(payload.get("supersededIds") or ())})
