"""Names of certificates (RFC 6960), which all versions write alike: CertificateHashDataType."""

from collections.abc import Mapping
from typing import Any

from domain.chargers.security import CertificateHash


def certificate_hash(named: CertificateHash) -> dict[str, str]:
    """As it stands in a payload."""
    return {
        "hashAlgorithm": named.algorithm,
        "issuerNameHash": named.issuer_name,
        "issuerKeyHash": named.issuer_key,
        "serialNumber": named.serial,
    }


def named_in(told: Mapping[str, Any]) -> dict[str, Any]:
    """Our fields: `{"algorithm", "issuer_name", "issuer_key", "serial"}`."""
    return {
        "algorithm": told["hashAlgorithm"],
        "issuer_name": told["issuerNameHash"],
        "issuer_key": told["issuerKeyHash"],
        "serial": told["serialNumber"],
    }
