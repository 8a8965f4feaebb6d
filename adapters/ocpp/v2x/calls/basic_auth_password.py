"""SetVariables of SecurityCtrlr.BasicAuthPassword: the password of a 2.x charger (A01)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import reason_of, verdict_of
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v2x.calls.set_variables import worst_of
from adapters.ocpp.v2x.calls.variables import component_and_variable
from domain.commands.intent import SECRET, Abilities, Answer
from domain.commands.settings import ChangePassword

ACTIONS = ("SetVariables",)
NAME = "SecurityCtrlr.BasicAuthPassword"


def to_call(intent: ChangePassword, abilities: Abilities) -> WireCall:
    """The call."""
    wanted = {"attributeValue": SECRET, **component_and_variable(NAME)}
    return WireCall("SetVariables", {"setVariableData": [wanted]})


def to_answer(intent: ChangePassword, payload: Mapping[str, Any]) -> Answer:
    """Accepted, RebootRequired; Rejected and others: the old one stays (A01.FR.04)."""
    told = payload["setVariableResult"]
    status = worst_of(entry["attributeStatus"] for entry in told)
    reasons = [reason_of(entry.get("attributeStatusInfo")) for entry in told]
    return Answer(verdict=verdict_of(status), status=status, reason="; ".join(filter(None, reasons)))
