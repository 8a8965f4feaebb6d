"""SetVariables of 2.x (B05)."""

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.ocpp.answers import reason_of, verdict_of
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.v2x.calls.items_per_message import check_items
from adapters.ocpp.v2x.calls.variables import component_and_variable, is_password, name_in, names_as_asked
from domain.commands.intent import Abilities, Answer, Verdict
from domain.commands.settings import ChangeSettings
from domain.desired_state.values import is_secret

ACTIONS = ("SetVariables",)
MOST = "DeviceDataCtrlr.ItemsPerMessage[SetVariables]"


def to_call(intent: ChangeSettings, abilities: Abilities) -> WireCall:
    """The call. Refused: more than the charger takes at once; the password, which has its own command."""
    check_items(len(intent.values), abilities, MOST, "variables")
    if any(is_password(name) for name in intent.values):
        raise CannotSay("The password is changed by ChangePassword, which keeps it out of the log.")
    if any(is_secret(name) for name in intent.values):
        raise CannotSay("Secrets are not sent from here: they would stand in the log.")
    wanted = [
        {"attributeValue": value, **component_and_variable(name)} for name, value in intent.values.items()
    ]
    if len(names_as_asked(intent.values)) < len(wanted):
        raise CannotSay("A variable is set once in a message.")
    return WireCall("SetVariables", {"setVariableData": wanted})


def to_answer(intent: ChangeSettings, payload: Mapping[str, Any]) -> Answer:
    """Result `{"settings": {name: status}}`; agreed to only if every variable was taken.

    A status is Accepted, RebootRequired, Rejected, UnknownComponent, UnknownVariable or
    NotSupportedAttributeType, and empty for a variable that the answer leaves out.
    """
    asked = names_as_asked(intent.values)
    settings = dict.fromkeys(intent.values, "")
    reasons: list[str] = []
    for entry in payload["setVariableResult"]:
        name = name_in(entry, asked)
        settings[name] = entry["attributeStatus"]
        if reason := reason_of(entry.get("attributeStatusInfo")):
            reasons.append(f"{name}: {reason}")
    status = worst_of(settings.values())
    return Answer(
        verdict=verdict_of(status), status=status, reason="; ".join(reasons), result={"settings": settings}
    )


def worst_of(statuses: Iterable[str]) -> str:
    """The first refusal there is; else RebootRequired where one says so; else Accepted."""
    told = list(statuses)
    refusals = [status for status in told if verdict_of(status) is Verdict.REFUSED]
    if refusals:
        return refusals[0]
    return "RebootRequired" if "RebootRequired" in told else "Accepted"
