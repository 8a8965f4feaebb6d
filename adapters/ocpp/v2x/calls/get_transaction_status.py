"""GetTransactionStatus of 2.x (E14)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from domain.commands.intent import Abilities, Answer
from domain.commands.transactions import GetTransactionStatus

ACTIONS = ("GetTransactionStatus",)


def to_call(intent: GetTransactionStatus, abilities: Abilities) -> WireCall:
    """The call."""
    return WireCall("GetTransactionStatus", filled({"transactionId": intent.transaction}))


def to_answer(intent: GetTransactionStatus, payload: Mapping[str, Any]) -> Answer:
    """Result `{"ongoing", "messages_in_queue"}`; `ongoing` is null where no transaction was named (E14.FR.06)."""
    told = {"ongoing": payload.get("ongoingIndicator"), "messages_in_queue": payload.get("messagesInQueue")}
    return answered({}, told)
