"""RequestStopTransaction of 2.x (F03)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from domain.commands.intent import Abilities, Answer
from domain.commands.transactions import RemoteStop

ACTIONS = ("RequestStopTransaction",)


def to_call(intent: RemoteStop, abilities: Abilities) -> WireCall:
    """The call. Refused: no transaction."""
    if not intent.transaction:
        raise CannotSay("Name the transaction to end.")
    return WireCall("RequestStopTransaction", {"transactionId": intent.transaction})


def to_answer(intent: RemoteStop, payload: Mapping[str, Any]) -> Answer:
    """Accepted, Rejected."""
    return answered(payload)
