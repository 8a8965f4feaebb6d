"""GetLocalListVersion of 2.x (D02)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from domain.commands.drivers import GetLocalListVersion
from domain.commands.intent import Abilities, Answer

ACTIONS = ("GetLocalListVersion",)


def to_call(intent: GetLocalListVersion, abilities: Abilities) -> WireCall:
    """The call."""
    return WireCall("GetLocalListVersion", {})


def to_answer(intent: GetLocalListVersion, payload: Mapping[str, Any]) -> Answer:
    """Result `{"version"}`; 0: there is no list (D02.FR.03)."""
    return answered({}, {"version": payload.get("versionNumber")})
