"""BootNotification of 2.x (B01 to B03): the charger introduces itself and says why it booted."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.timestamps import write_timestamp
from application.reports import Report
from domain.chargers.boot import BootAnswer, BootReport


def to_report(payload: Mapping[str, Any]) -> Report:
    """BootReport with the reason."""
    station = payload["chargingStation"]
    modem = station.get("modem") or {}
    return Report(
        BootReport(
            vendor=station["vendorName"],
            model=station["model"],
            serial=station.get("serialNumber", ""),
            firmware=station.get("firmwareVersion", ""),
            iccid=modem.get("iccid", ""),
            imsi=modem.get("imsi", ""),
            reason=payload["reason"],
        )
    )


def to_answer(outcome: BootAnswer) -> dict[str, Any]:
    """Accepted, Pending or Rejected, our time, and the interval in seconds."""
    return {
        "currentTime": write_timestamp(outcome.now),
        "interval": outcome.interval_s,
        "status": outcome.acceptance.value,
    }
