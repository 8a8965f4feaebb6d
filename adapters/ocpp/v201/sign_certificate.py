"""SignCertificate (2.0.1): the charger wants a certificate signed (A02, A03)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.security import sign_certificate, signature_answer
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See SignCertificate in `v2x/security.py`."""
    return sign_certificate(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """See SignCertificate in `v2x/security.py`."""
    return signature_answer(outcome)
