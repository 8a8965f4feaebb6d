"""DataTransfer of 2.x (P01); its data is any JSON value."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered, plain
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import DataTransfer

ACTIONS = ("DataTransfer",)


def to_call(intent: DataTransfer, abilities: Abilities) -> WireCall:
    """The call."""
    payload = filled({"vendorId": intent.vendor_id, "messageId": intent.message_id})
    if intent.data is not None:
        payload["data"] = intent.data
    return WireCall("DataTransfer", {"vendorId": intent.vendor_id} | payload)


def to_answer(intent: DataTransfer, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, UnknownMessageId, UnknownVendorId. Result `{"data": any}`, empty where none came."""
    return answered(payload, {"data": plain(payload["data"])} if "data" in payload else None)
