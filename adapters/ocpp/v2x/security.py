"""Security events and certificates in 2.x (functional blocks A and M)."""

import hashlib
from typing import Any

from adapters.certificates.requests import read_request
from adapters.ocpp.v2x.fields import Payload, texts_in, time_in, whole_in
from adapters.ocpp.v2x.refusals import refusal
from application.reports import Report
from domain.certificates.signing import SignatureQuestion, SignatureVerdict
from domain.chargers.security import (
    CertificateHash,
    CertificateQuestion,
    ContractRequested,
    RevocationAsked,
    SecurityEventReported,
    SignatureRequested,
)
from domain.identity import IdToken


def security_event(payload: Payload) -> Report:
    """SecurityEventNotification."""
    fact = SecurityEventReported(kind=payload["type"], info=payload.get("techInfo", ""))
    return Report(fact, time_in(payload, "timestamp"))


def sign_certificate(payload: Payload) -> Report:
    """SignCertificate; without a type the certificate is for the CSMS and for ISO 15118 (2.x part 2 §1)."""
    root = payload.get("hashRootCertificate")
    csr: str = payload["csr"]
    requested = SignatureRequested(
        csr_sha256=hashlib.sha256(csr.encode()).hexdigest(),
        purpose=payload.get("certificateType", ""),
        request_id=whole_in(payload, "requestId"),
        root=None if root is None else certificate_hash(root),
    )
    return Report(SignatureQuestion(requested=requested, csr=csr, request=read_request(csr)))


def signature_answer(outcome: Any) -> dict[str, Any]:
    """Accepted: the certificate follows in a CertificateSigned. Rejected, and why."""
    if isinstance(outcome, SignatureVerdict) and not outcome.objection:
        return {"status": "Accepted"}
    return refusal("Rejected", outcome.objection if isinstance(outcome, SignatureVerdict) else "not signed")


def contract_certificate(payload: Payload) -> Report:
    """Get15118EVCertificate."""
    return Report(
        ContractRequested(
            action=payload["action"],
            iso15118_schema=payload["iso15118SchemaVersion"],
            most_chains=whole_in(payload, "maximumContractCertificateChains"),
            preferred=tuple(IdToken(emaid, "eMAID") for emaid in texts_in(payload, "prioritizedEMAIDs")),
        )
    )


def certificate_status(payload: Payload) -> Report:
    """GetCertificateStatus: one certificate, by OCSP."""
    asked = payload["ocspRequestData"]
    question = CertificateQuestion(certificate=certificate_hash(asked), urls=(asked["responderURL"],))
    return Report(RevocationAsked((question,)))


def certificate_chain_status(payload: Payload) -> Report:
    """GetCertificateChainStatus (2.1): up to four certificates, by OCSP or CRL."""
    return Report(
        RevocationAsked(
            tuple(
                CertificateQuestion(
                    certificate=certificate_hash(asked["certificateHashData"]),
                    source=asked["source"],
                    urls=texts_in(asked, "urls"),
                )
                for asked in payload["certificateStatusRequests"]
            )
        )
    )


def certificate_hash(told: Payload) -> CertificateHash:
    """CertificateHashDataType, and the same fields of OCSPRequestDataType."""
    return CertificateHash(
        algorithm=told["hashAlgorithm"],
        issuer_name=told["issuerNameHash"],
        issuer_key=told["issuerKeyHash"],
        serial=told["serialNumber"],
    )
