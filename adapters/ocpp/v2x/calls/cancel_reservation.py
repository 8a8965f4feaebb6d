"""CancelReservation of 2.x (H02)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from domain.commands.drivers import CancelReservation
from domain.commands.intent import Abilities, Answer

ACTIONS = ("CancelReservation",)


def to_call(intent: CancelReservation, abilities: Abilities) -> WireCall:
    """The call."""
    return WireCall("CancelReservation", {"reservationId": intent.reservation_id})


def to_answer(intent: CancelReservation, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected: there is no such reservation."""
    return answered(payload)
