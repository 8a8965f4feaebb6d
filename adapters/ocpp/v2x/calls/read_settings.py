"""GetVariables (B06) and GetBaseReport (B07) of 2.x: settings by name, or all of them in reports that follow."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.secrets import hidden_if_secret
from adapters.ocpp.v2x.calls.items_per_message import check_items
from adapters.ocpp.v2x.calls.variables import component_and_variable, name_in, names_as_asked
from domain.commands.intent import Abilities, Answer
from domain.commands.settings import ReadSettings

ACTIONS = ("GetVariables", "GetBaseReport")
MOST = "DeviceDataCtrlr.ItemsPerMessage[GetVariables]"
UNKNOWN = frozenset({"UnknownComponent", "UnknownVariable"})


def to_call(intent: ReadSettings, abilities: Abilities) -> WireCall:
    """The call. Refused: more names than the charger takes; what is no name of a variable."""
    if not intent.names:
        payload = {"requestId": intent.request_id, "reportBase": intent.inventory.value}
        return WireCall("GetBaseReport", payload)
    check_items(len(intent.names), abilities, MOST, "variables")
    wanted = [component_and_variable(name) for name in intent.names]
    return WireCall("GetVariables", {"getVariableData": wanted})


def to_answer(intent: ReadSettings, payload: Mapping[str, Any]) -> Answer:
    """By name: result `{"settings": [{"name", "value"}], "unknown": [name], "refused": [{"name", "status"}]}`.

    All of them: Accepted (the reports follow); Rejected, NotSupported, EmptyResultSet. No result.
    """
    if not intent.names:
        return answered(payload)
    asked = names_as_asked(intent.names)
    told: list[dict[str, Any]] = []
    unknown: list[str] = []
    refused: list[dict[str, str]] = []
    for entry in payload["getVariableResult"]:
        name, status = name_in(entry, asked), entry["attributeStatus"]
        if status == "Accepted":
            told.append({"name": name, "value": hidden_if_secret(name, entry.get("attributeValue"))})
        elif status in UNKNOWN:
            unknown.append(name)
        else:
            refused.append({"name": name, "status": status})
    return answered({}, {"settings": told, "unknown": unknown, "refused": refused})
