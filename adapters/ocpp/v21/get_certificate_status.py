"""GetCertificateStatus (2.1): is a certificate still good; Failed, we ask no OCSP responder (M06)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.refusals import refusal
from adapters.ocpp.v2x.security import certificate_status
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See GetCertificateStatus in `v2x/security.py`."""
    return certificate_status(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Failed, and no `ocspResult`: the charger may ask the responder itself."""
    return refusal("Failed", "this CSMS asks no OCSP responder")
