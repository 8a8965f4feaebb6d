"""GetConfiguration of 1.6 (§5.8): settings are keys."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.secrets import hidden_if_secret
from adapters.ocpp.told_settings import check_count, told_number
from domain.commands.intent import Abilities, Answer
from domain.commands.settings import Inventory, ReadSettings

ACTIONS = ("GetConfiguration",)


def to_call(intent: ReadSettings, abilities: Abilities) -> WireCall:
    """The call. Refused: more keys than GetConfigurationMaxKeys; a part of the inventory."""
    if intent.inventory is not Inventory.FULL:
        raise CannotSay("OCPP 1.6 tells all its settings, or those asked for by name.")
    if not intent.names:
        return WireCall("GetConfiguration", {})
    check_count(len(intent.names), told_number(abilities, "GetConfigurationMaxKeys"), "keys")
    return WireCall("GetConfiguration", {"key": list(intent.names)})


def to_answer(intent: ReadSettings, payload: Mapping[str, Any]) -> Answer:
    """Result `{"settings": [{"name", "value", "readonly"}], "unknown": [name]}`.

    `value` is null where a charger tells none: a key that is not set, or that may not be read.
    """
    told = [
        {
            "name": key["key"],
            "value": hidden_if_secret(key["key"], key.get("value")),
            "readonly": key.get("readonly", False),
        }
        for key in payload.get("configurationKey") or ()
    ]
    return answered({}, {"settings": told, "unknown": list(payload.get("unknownKey") or ())})
