"""SetDisplayMessage of 2.x (O01, O02, O06)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.addresses import evse
from domain.commands.drivers import SetDisplayMessage
from domain.commands.intent import Abilities, Answer

ACTIONS = ("SetDisplayMessage",)


def to_call(intent: SetDisplayMessage, abilities: Abilities) -> WireCall:
    """The call."""
    wanted, at = intent.message, evse(intent.message.evse_id)
    optional = {
        "display": None if at is None else {"name": "Display", "evse": at},
        "state": wanted.state,
        "startDateTime": wanted.start_at,
        "endDateTime": wanted.end_at,
        "transactionId": wanted.transaction,
    }
    message = {
        "id": wanted.message_id,
        "priority": wanted.priority,
        "message": {
            "format": wanted.format,
            "content": wanted.content,
            **filled({"language": wanted.language}),
        },
        **filled(optional),
    }
    return WireCall("SetDisplayMessage", {"message": message})


def to_answer(intent: SetDisplayMessage, payload: Mapping[str, Any]) -> Answer:
    """Accepted; NotSupportedMessageFormat, NotSupportedPriority, NotSupportedState, UnknownTransaction, Rejected …"""
    return answered(payload)
