"""GetCertificateChainStatus (2.1): were certificates revoked; Failed for each, we look nowhere (M07)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.timestamps import write_timestamp
from adapters.ocpp.v2x.security import certificate_chain_status
from application.reports import Report, Taken
from domain.chargers.security import CertificateQuestion, RevocationAsked


def to_report(payload: Mapping[str, Any]) -> Report:
    """See GetCertificateChainStatus in `v2x/security.py`."""
    return certificate_chain_status(payload)


def to_answer(outcome: Taken[RevocationAsked]) -> dict[str, Any]:
    """Failed for each certificate asked about; the required `nextUpdate` is now: no answer to keep."""
    next_update = write_timestamp(outcome.at)
    return {"certificateStatus": [_failed(question, next_update) for question in outcome.fact.questions]}


def _failed(question: CertificateQuestion, next_update: str) -> dict[str, Any]:
    certificate = question.certificate
    return {
        "certificateHashData": {
            "hashAlgorithm": certificate.algorithm,
            "issuerNameHash": certificate.issuer_name,
            "issuerKeyHash": certificate.issuer_key,
            "serialNumber": certificate.serial,
        },
        "source": question.source,
        "status": "Failed",
        "nextUpdate": next_update,
    }
