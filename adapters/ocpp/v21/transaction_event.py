"""TransactionEvent of OCPP 2.1: as in all of 2.x, with this version's length of a group."""

from typing import Any

from adapters.ocpp.v2x import transaction_event
from adapters.ocpp.v2x.transaction_event import to_report
from adapters.ocpp.v21.id_token import LONGEST
from application.reports import TransactionAnswer

__all__ = ["to_answer", "to_report"]


def to_answer(outcome: TransactionAnswer) -> dict[str, Any]:
    """The verdict where a token was shown, else empty."""
    return transaction_event.to_answer(outcome, LONGEST)
