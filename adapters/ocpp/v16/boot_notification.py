"""BootNotification (1.6 §4.2): the charger introduces itself."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.timestamps import write_timestamp
from application.reports import Report
from domain.chargers.boot import BootAnswer, BootReport


def to_report(payload: Mapping[str, Any]) -> Report:
    """BootReport; only vendor and model are required, and that is all that some firmware sends."""
    get = payload.get
    return Report(
        BootReport(
            vendor=payload["chargePointVendor"],
            model=payload["chargePointModel"],
            serial=get("chargePointSerialNumber", ""),
            box_serial=get("chargeBoxSerialNumber", ""),
            firmware=get("firmwareVersion", ""),
            iccid=get("iccid", ""),
            imsi=get("imsi", ""),
            meter_type=get("meterType", ""),
            meter_serial=get("meterSerialNumber", ""),
        )
    )


def to_answer(outcome: BootAnswer) -> dict[str, Any]:
    """Accepted, Pending or Rejected, our time, and the interval in seconds."""
    return {
        "status": outcome.acceptance.value,
        "currentTime": write_timestamp(outcome.now),
        "interval": outcome.interval_s,
    }
