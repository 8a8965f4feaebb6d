"""StartTransaction (1.6 §4.8): always answered with a number, whatever we think of the token."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.metering import meter_sample
from adapters.ocpp.timestamps import read_timestamp
from adapters.ocpp.v16.connector import evse_and_connector
from adapters.ocpp.v16.id_tag import id_tag_info
from adapters.ocpp.whole_numbers import int64
from application.reports import Report, TransactionAnswer
from domain.id_tokens.id_token import Authorization, Verdict
from domain.identity import IdToken
from domain.metering import BEGIN
from domain.transactions.report import Phase, TransactionReport


def to_report(payload: Mapping[str, Any]) -> Report:
    """TransactionReport (started). reservationId 0 means none: Growatt and others send it always."""
    evse_id, connector_id = evse_and_connector(payload["connectorId"])
    at = read_timestamp(payload["timestamp"]).at
    reservation_id = payload.get("reservationId", 0)
    body = TransactionReport(
        phase=Phase.STARTED,
        at=at,
        evse_id=evse_id,
        connector_id=connector_id,
        id_token=IdToken(payload["idTag"]),
        samples=(meter_sample(at, BEGIN, payload["meterStart"]),),
        reservation_id=int64(reservation_id) if reservation_id else None,
    )
    return Report(body, at)


def to_answer(outcome: TransactionAnswer) -> dict[str, Any]:
    """The transaction's number and the verdict on the tag; both are required by 1.6 §6.46."""
    authorization = outcome.authorization or Authorization(Verdict.UNKNOWN)
    return {"transactionId": outcome.number, "idTagInfo": id_tag_info(authorization)}
