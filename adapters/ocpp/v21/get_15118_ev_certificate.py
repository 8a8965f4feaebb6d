"""Get15118EVCertificate (2.1): a car wants its contract; Failed, we have no provider (M01, M02)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.refusals import refusal
from adapters.ocpp.v2x.security import contract_certificate
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See Get15118EVCertificate in `v2x/security.py`."""
    return contract_certificate(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Failed with an empty EXI response: there is no contract certificate pool behind us."""
    return refusal("Failed", "no contract certificate provider") | {"exiResponse": ""}
