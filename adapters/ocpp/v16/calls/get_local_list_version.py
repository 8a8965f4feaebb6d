"""GetLocalListVersion of 1.6 (§5.10)."""

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
    """Result `{"version"}`; 0: the list is empty, -1: the charger has none (§5.10)."""
    return answered({}, {"version": payload.get("listVersion")})
