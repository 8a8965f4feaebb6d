"""Certificates as the security extension of 1.6 names them."""

from collections.abc import Mapping

from adapters.ocpp.operation import CannotSay

KINDS: Mapping[str, str] = {
    "CSMSRootCertificate": "CentralSystemRootCertificate",
    "ManufacturerRootCertificate": "ManufacturerRootCertificate",
}
"""Our word → CertificateUseEnumType."""


def kind_of(kind: str) -> str:
    """The word; raises CannotSay for kinds that came with 2.x."""
    if kind not in KINDS:
        raise CannotSay(f"OCPP 1.6 has no certificates of kind {kind or '(none)'}.")
    return KINDS[kind]
