"""ClearTariffs of 2.1 (I10)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import reason_of, verdict_of
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.addresses import not_below_zero
from adapters.ocpp.v2x.calls.set_variables import worst_of
from domain.commands.intent import Abilities, Answer
from domain.commands.tariffs import ClearTariffs

ACTIONS = ("ClearTariffs",)


def to_call(intent: ClearTariffs, abilities: Abilities) -> WireCall:
    """The call."""
    at = None if intent.evse_id is None else not_below_zero(intent.evse_id)
    return WireCall("ClearTariffs", filled({"tariffIds": list(intent.tariff_ids), "evseId": at}))


def to_answer(intent: ClearTariffs, payload: Mapping[str, Any]) -> Answer:
    """Result `{"tariffs": [{"id", "status"}]}`: Accepted, Rejected, NoTariff; agreed to only if all are gone."""
    told = payload["clearTariffsResult"]
    status = worst_of(entry["status"] for entry in told)
    reasons = "; ".join(filter(None, (reason_of(entry.get("statusInfo")) for entry in told)))
    tariffs = [{"id": entry.get("tariffId"), "status": entry["status"]} for entry in told]
    return Answer(verdict=verdict_of(status), status=status, reason=reasons, result={"tariffs": tariffs})
