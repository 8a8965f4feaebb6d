"""DataTransfer of 1.6 (§5.6); its data is text."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered, plain
from adapters.ocpp.operation import CannotSay, WireCall
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import DataTransfer

ACTIONS = ("DataTransfer",)


def to_call(intent: DataTransfer, abilities: Abilities) -> WireCall:
    """The call. Refused: data that is no text."""
    payload: dict[str, Any] = {"vendorId": intent.vendor_id}
    if intent.message_id:
        payload["messageId"] = intent.message_id
    if intent.data is not None:
        if not isinstance(intent.data, str):
            raise CannotSay("In OCPP 1.6 the data of a DataTransfer is text; write JSON as text.")
        payload["data"] = intent.data
    return WireCall("DataTransfer", payload)


def to_answer(intent: DataTransfer, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, UnknownMessageId, UnknownVendorId. Result `{"data": text}`, empty where none came."""
    return answered(payload, {"data": plain(payload["data"])} if "data" in payload else None)
