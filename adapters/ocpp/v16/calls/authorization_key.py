"""ChangeConfiguration of AuthorizationKey: the password of a 1.6 charger (security extension A01, OCPP-J 6.2).

What replaces the placeholder is 32 to 40 hex digits of the password's bytes (A00.FR.205).
"""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from domain.commands.intent import SECRET, Abilities, Answer
from domain.commands.settings import ChangePassword

ACTIONS = ("ChangeConfiguration",)


def to_call(intent: ChangePassword, abilities: Abilities) -> WireCall:
    """The call."""
    return WireCall("ChangeConfiguration", {"key": "AuthorizationKey", "value": SECRET})


def to_answer(intent: ChangePassword, payload: Mapping[str, Any]) -> Answer:
    """Accepted, RebootRequired; Rejected, NotSupported: the old one stays (A01.FR.04)."""
    return answered(payload)
