"""NotifySettlement (2.1): a terminal settled or failed to; answered without a receipt (C19 to C22)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.fields import number_in, time_in
from application.reports import Report
from domain.chargers.drivers import SettlementReported
from domain.identity import IdToken

TERMINAL = "DirectPayment"
"""The token type of an ad hoc payment: its reference is the value of the transaction's token."""


def to_report(payload: Mapping[str, Any]) -> Report:
    """The settlement; a company's address stays in the frame."""
    fact = SettlementReported(
        id_token=IdToken(payload["pspRef"], TERMINAL),
        status=payload["status"],
        amount=number_in(payload, "settlementAmount"),
        transaction=payload.get("transactionId", ""),
        receipt_id=payload.get("receiptId", ""),
        receipt_url=payload.get("receiptUrl", ""),
        vat_number=payload.get("vatNumber", ""),
        info=payload.get("statusInfo", ""),
    )
    return Report(fact, time_in(payload, "settlementTime"))


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: receipt id and URL are given where the CSMS makes the receipt, and Zeus makes none."""
    return {}
