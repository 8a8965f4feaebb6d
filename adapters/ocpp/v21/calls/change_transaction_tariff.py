"""ChangeTransactionTariff of 2.1 (I11)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from domain.commands.intent import Abilities, Answer
from domain.commands.tariffs import ChangeTransactionTariff

ACTIONS = ("ChangeTransactionTariff",)


def to_call(intent: ChangeTransactionTariff, abilities: Abilities) -> WireCall:
    """The call."""
    payload = {"tariff": intent.tariff, "transactionId": intent.transaction}
    return WireCall("ChangeTransactionTariff", payload)


def to_answer(intent: ChangeTransactionTariff, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, TooManyElements, ConditionNotSupported, TxNotFound, NoCurrencyChange."""
    return answered(payload)
