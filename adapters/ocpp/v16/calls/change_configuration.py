"""ChangeConfiguration of 1.6 (§5.3): one key a message."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from domain.commands.intent import Abilities, Answer
from domain.commands.settings import ChangeSettings
from domain.desired_state.values import is_secret

ACTIONS = ("ChangeConfiguration",)
PASSWORD = "authorizationkey"  # noqa: S105 — the key's name, folded


def to_call(intent: ChangeSettings, abilities: Abilities) -> WireCall:
    """The call. Refused: several settings at once; the password, which has its own command."""
    if len(intent.values) != 1:
        raise CannotSay("OCPP 1.6 changes one setting a message.")
    ((name, value),) = intent.values.items()
    if name.strip().lower() == PASSWORD:
        raise CannotSay("The password is changed by ChangePassword, which keeps it out of the log.")
    if is_secret(name):
        raise CannotSay("Secrets are not sent from here: they would stand in the log.")
    return WireCall("ChangeConfiguration", {"key": name, "value": value})


def to_answer(intent: ChangeSettings, payload: Mapping[str, Any]) -> Answer:
    """Accepted, RebootRequired; Rejected, NotSupported. Result `{"settings": {name: status}}`."""
    return answered(payload, {"settings": dict.fromkeys(intent.values, payload.get("status", ""))})
