"""TriggerMessage of 2.1 (F06), which has triggers of a vendor's own."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls import trigger_message as v2x_trigger
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import TriggerMessage

ACTIONS = ("TriggerMessage",)
CUSTOM = "CustomTrigger"


def to_call(intent: TriggerMessage, abilities: Abilities) -> WireCall:
    """The call.

    Refused: BootNotification of a charger already accepted; StatusNotification of no one connector; a custom trigger
    without its name.
    """
    call = v2x_trigger.to_call(intent, abilities)
    if bool(intent.custom) != (intent.message == CUSTOM):
        raise CannotSay("A custom trigger is asked for as CustomTrigger, by its name.")
    return WireCall(call.action, call.payload | filled({"customTrigger": intent.custom}))


def to_answer(intent: TriggerMessage, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, NotImplemented."""
    return v2x_trigger.to_answer(intent, payload)
