"""NotifyWebPaymentStarted of 2.1 (C25)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v2x.calls.addresses import above_zero
from domain.commands.drivers import NotifyWebPaymentStarted
from domain.commands.intent import Abilities, Answer

ACTIONS = ("NotifyWebPaymentStarted",)


def to_call(intent: NotifyWebPaymentStarted, abilities: Abilities) -> WireCall:
    """The call. Refused: EVSE 0."""
    payload = {"evseId": above_zero(intent.evse_id), "timeout": intent.timeout_s}
    return WireCall("NotifyWebPaymentStarted", payload)


def to_answer(intent: NotifyWebPaymentStarted, payload: Mapping[str, Any]) -> Answer:
    """Empty: it was received."""
    return answered(payload)
