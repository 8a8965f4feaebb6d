"""GetTariffs of 2.1 (I09)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v2x.calls.addresses import not_below_zero
from domain.commands.intent import Abilities, Answer, Verdict
from domain.commands.tariffs import GetTariffs

ACTIONS = ("GetTariffs",)


def to_call(intent: GetTariffs, abilities: Abilities) -> WireCall:
    """The call."""
    return WireCall("GetTariffs", {"evseId": not_below_zero(intent.evse_id)})


def to_answer(intent: GetTariffs, payload: Mapping[str, Any]) -> Answer:
    """Accepted, NoTariff; Rejected. Result `{"tariffs": [{"id", "kind", "valid_from", "evses", "tokens"}]}`.

    NoTariff answers the question too: there are none. It is no refusal.
    """
    tariffs = [
        {
            "id": told["tariffId"],
            "kind": told["tariffKind"],
            "valid_from": told.get("validFrom"),
            "evses": list(told.get("evseIds") or ()),
            "tokens": list(told.get("idTokens") or ()),
        }
        for told in payload.get("tariffAssignments") or ()
    ]
    answer = answered(payload, {"tariffs": tariffs})
    none = answer.status == "NoTariff"
    return msgspec.structs.replace(answer, verdict=Verdict.AGREED) if none else answer
