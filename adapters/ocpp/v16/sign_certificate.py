"""SignCertificate (1.6 security extension, A02): a certificate to sign."""

import hashlib
from collections.abc import Mapping
from typing import Any

from adapters.certificates.requests import read_request
from application.reports import Report
from domain.certificates.signing import SignatureQuestion, SignatureVerdict
from domain.chargers.security import SignatureRequested


def to_report(payload: Mapping[str, Any]) -> Report:
    """What is asked for; 1.6 knows the charger's own certificate only."""
    csr: str = payload["csr"]
    requested = SignatureRequested(csr_sha256=hashlib.sha256(csr.encode()).hexdigest())
    return Report(SignatureQuestion(requested=requested, csr=csr, request=read_request(csr)))


def to_answer(outcome: Any) -> dict[str, Any]:
    """Accepted: the certificate follows in a CertificateSigned. Rejected: 1.6 has no place for the reason."""
    follows = isinstance(outcome, SignatureVerdict) and not outcome.objection
    return {"status": "Accepted" if follows else "Rejected"}
