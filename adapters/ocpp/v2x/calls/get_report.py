"""GetReport of 2.x (B08)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.told_settings import check_count, told_number
from adapters.ocpp.v2x.calls.variables import place_of, written
from domain.commands.intent import Abilities, Answer
from domain.commands.settings import GetReport

ACTIONS = ("GetReport",)
MOST = "DeviceDataCtrlr.ItemsPerMessage[GetReport]"


def to_call(intent: GetReport, abilities: Abilities) -> WireCall:
    """The call. Refused: more names than the charger takes; what is no name of a variable or component."""
    check_count(len(intent.names), told_number(abilities, MOST), "variables")
    payload = filled(
        {
            "requestId": intent.request_id,
            "componentCriteria": [criterion.value for criterion in dict.fromkeys(intent.criteria)],
            "componentVariable": [written(place_of(name)) for name in intent.names],
        }
    )
    return WireCall("GetReport", payload)


def to_answer(intent: GetReport, payload: Mapping[str, Any]) -> Answer:
    """Accepted: the report follows; Rejected, NotSupported, EmptyResultSet: none does."""
    return answered(payload)
