"""StatusNotification (1.6 §4.9): nine words of 1.6, five of 2.x and the activity behind `Occupied`."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.timestamps import read_timestamp
from adapters.ocpp.v16.connector import evse_and_connector
from application.reports import Report
from domain.chargers.events import StatusReported

OCCUPIED = frozenset({"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})
"""1.6 §7.7 tells what happens at an occupied connector; in 2.x the TransactionEvent does."""


def to_report(payload: Mapping[str, Any]) -> Report:
    """StatusReported; `NoError` is no error code. The timestamp is optional."""
    get = payload.get
    evse_id, connector_id = evse_and_connector(payload["connectorId"])
    word, error = payload["status"], payload["errorCode"]
    occupied = word in OCCUPIED
    fact = StatusReported(
        evse_id=evse_id,
        connector_id=connector_id,
        status="Occupied" if occupied else word,
        activity=word if occupied else "",
        error_code="" if error == "NoError" else error,
        info=get("info", ""),
        vendor_id=get("vendorId", ""),
        vendor_error_code=get("vendorErrorCode", ""),
    )
    return Report(fact, read_timestamp(get("timestamp")).at)


def to_answer(outcome: object) -> dict[str, Any]:
    """Empty."""
    return {}
