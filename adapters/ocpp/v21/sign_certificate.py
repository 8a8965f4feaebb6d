"""SignCertificate (2.1): the charger wants a certificate signed; Rejected, we sign none (A02, A03)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.refusals import refusal
from adapters.ocpp.v2x.security import sign_certificate
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See SignCertificate in `v2x/security.py`."""
    return sign_certificate(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Rejected: Zeus runs no certificate authority and forwards to none."""
    return refusal("Rejected", "this CSMS signs no certificates")
