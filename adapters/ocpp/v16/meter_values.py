"""MeterValues (1.6 §4.7): readings of a transaction, or of a connector or the main meter."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.metering import newest, samples_16
from adapters.ocpp.v16.connector import evse_and_connector
from adapters.ocpp.whole_numbers import int64
from application.reports import Report
from domain.chargers.events import Metered
from domain.transactions.report import Phase, TransactionReport

TRIGGER = "MeterValuePeriodic"
"""The 2.x word for why such an update is sent; 1.6 has none."""


def to_report(payload: Mapping[str, Any]) -> Report:
    """TransactionReport (updated) where a transaction is named, else Metered.

    No transactionId: readings of the connector itself (§4.7 makes it optional); the application gives them
    to the one transaction running there. transactionId 0 says the same: we never give out 0 (our numbers
    are positive), and firmware that has no transaction writes its zeroed variable. -1 and every other
    number is what the charger believes its transaction is called (errata 3.18) and goes on as told.
    """
    evse_id, connector_id = evse_and_connector(payload["connectorId"])
    samples = samples_16(payload["meterValue"])
    at = newest(samples)
    number = payload.get("transactionId")
    if not number:
        claimed = "" if number is None else "0"
        return Report(
            Metered(evse_id=evse_id, connector_id=connector_id, samples=samples, claimed_transaction=claimed),
            at,
        )
    body = TransactionReport(
        phase=Phase.UPDATED,
        at=at,
        number=int64(number),
        evse_id=evse_id,
        connector_id=connector_id,
        trigger=TRIGGER,
        samples=samples,
    )
    return Report(body, at)


def to_answer(outcome: object) -> dict[str, Any]:
    """Empty."""
    return {}
