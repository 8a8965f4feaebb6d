"""BatterySwap (2.1): batteries went in or out of a swap station; answered empty (S03)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.fields import number_in, time_in
from adapters.ocpp.v2x.id_token import id_token
from adapters.ocpp.whole_numbers import int32
from application.reports import Report
from domain.chargers.drivers import Battery, BatterySwapped


def to_report(payload: Mapping[str, Any]) -> Report:
    """The step of the swap, with the batteries it concerns."""
    return Report(
        BatterySwapped(
            request_id=int32(payload["requestId"]),
            id_token=id_token(payload["idToken"]),
            step=payload["eventType"],
            batteries=tuple(_battery(told) for told in payload["batteryData"]),
        )
    )


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}


def _battery(told: Mapping[str, Any]) -> Battery:
    return Battery(
        evse_id=int32(told["evseId"]),
        serial=told["serialNumber"],
        soc_pct=number_in(told, "soC"),
        soh_pct=number_in(told, "soH"),
        produced_at=time_in(told, "productionDate"),
        info=told.get("vendorInfo", ""),
    )
