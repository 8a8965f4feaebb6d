"""VatNumberValidation (2.1): is a company's VAT number good; Rejected, we ask no tax office (C18.FR.09)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.fields import whole_in
from adapters.ocpp.v2x.refusals import refusal
from application.reports import Report, Taken
from domain.chargers.drivers import VatNumberPresented


def to_report(payload: Mapping[str, Any]) -> Report:
    """The number, and where it was entered."""
    return Report(VatNumberPresented(vat_number=payload["vatNumber"], evse_id=whole_in(payload, "evseId")))


def to_answer(outcome: Taken[VatNumberPresented]) -> dict[str, Any]:
    """Rejected, with the number and the EVSE that were asked about (C18.FR.10)."""
    answer = refusal("Rejected", "this CSMS validates no VAT numbers")
    answer["vatNumber"] = outcome.fact.vat_number
    if outcome.fact.evse_id is not None:
        answer["evseId"] = outcome.fact.evse_id
    return answer
