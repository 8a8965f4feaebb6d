"""SignCertificate (1.6 security extension, A02): a certificate to sign; Rejected, we sign none."""

import hashlib
from collections.abc import Mapping
from typing import Any

from application.reports import Report
from domain.chargers.security import SignatureRequested


def to_report(payload: Mapping[str, Any]) -> Report:
    """The request's digest; 1.6 knows the charger's own certificate only."""
    return Report(SignatureRequested(csr_sha256=hashlib.sha256(payload["csr"].encode()).hexdigest()))


def to_answer(outcome: Any) -> dict[str, Any]:
    """Rejected: Zeus runs no certificate authority and forwards to none; 1.6 has no place for a reason."""
    return {"status": "Rejected"}
