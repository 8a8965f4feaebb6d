"""SetDefaultTariff of 2.1 (I07)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v2x.calls.addresses import not_below_zero
from domain.commands.intent import Abilities, Answer
from domain.commands.tariffs import SetDefaultTariff

ACTIONS = ("SetDefaultTariff",)


def to_call(intent: SetDefaultTariff, abilities: Abilities) -> WireCall:
    """The call."""
    payload = {"evseId": not_below_zero(intent.evse_id), "tariff": intent.tariff}
    return WireCall("SetDefaultTariff", payload)


def to_answer(intent: SetDefaultTariff, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, TooManyElements, ConditionNotSupported, DuplicateTariffId."""
    return answered(payload)
