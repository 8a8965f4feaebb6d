"""RemoteStopTransaction of 1.6 (§5.12)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v16.calls.addresses import whole
from domain.commands.intent import Abilities, Answer
from domain.commands.transactions import RemoteStop

ACTIONS = ("RemoteStopTransaction",)


def to_call(intent: RemoteStop, abilities: Abilities) -> WireCall:
    """The call. Refused: a transaction that is no number."""
    return WireCall("RemoteStopTransaction", {"transactionId": whole(intent.transaction, "a transaction")})


def to_answer(intent: RemoteStop, payload: Mapping[str, Any]) -> Answer:
    """Accepted, Rejected."""
    return answered(payload)
