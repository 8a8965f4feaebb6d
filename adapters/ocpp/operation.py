"""An operation at the edge: intent to CALL, CALLRESULT to answer; two pure functions, one module each."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from domain.commands.intent import Abilities, Answer


class WireCall(msgspec.Struct, frozen=True):
    """What goes into a CALL: the action, and a payload that the schema of the version accepts."""

    action: str
    payload: dict[str, Any]


class CannotSay(Exception):
    """This version, or this charger, has no words for what is wanted; the message says why, for a person."""


class Operation(Protocol):
    """What a module such as `adapters/ocpp/v16/calls/reset.py` offers."""

    @property
    def ACTIONS(self) -> tuple[str, ...]:  # noqa: N802 — a constant of the module
        """The actions it may become on the wire."""

    def to_call(self, intent: Any, abilities: Abilities) -> WireCall:
        """The call; raises CannotSay. What can be refused stands after `Refused:` in its docstring."""

    def to_answer(self, intent: Any, payload: Mapping[str, Any]) -> Answer:
        """What a schema-valid CALLRESULT means."""
