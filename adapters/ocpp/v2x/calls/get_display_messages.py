"""GetDisplayMessages of 2.x (O03, O04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from domain.commands.drivers import GetDisplayMessages
from domain.commands.intent import Abilities, Answer

ACTIONS = ("GetDisplayMessages",)


def to_call(intent: GetDisplayMessages, abilities: Abilities) -> WireCall:
    """The call."""
    payload = {
        "requestId": intent.request_id,
        "id": list(intent.message_ids),
        "priority": intent.priority,
        "state": intent.state,
    }
    return WireCall("GetDisplayMessages", filled(payload))


def to_answer(intent: GetDisplayMessages, payload: Mapping[str, Any]) -> Answer:
    """Accepted: the report follows; Unknown: there are none like that, and none follows."""
    return answered(payload)
