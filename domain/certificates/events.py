"""Facts of a tenant's certificates: what our authority signed for chargers, and what it took back."""

from datetime import datetime

from domain.event import Fact


class Issued(Fact, frozen=True, kw_only=True):
    """The authority signed a certificate for a charger; it is on its way there."""

    TOPIC = "certificate.issued"
    serial: str
    """Of the certificate, in hex."""
    tenant: str
    """Whose charger it is for: one authority signs for all tenants of an installation."""
    charger: str
    """The key of the charger it is for; it opens no other door."""
    common_name: str
    issuer: str
    """The authority's name (RFC 4514)."""
    not_after: datetime
    fingerprint: str
    """Hex of SHA-256 over the certificate (DER)."""
    csr_sha256: str
    """The request it answers, as in `certificate.signature_requested`."""
    certificate: str
    """The certificate and those above it but the root, PEM."""


class Revoked(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The certificate counts no more, before its time."""

    TOPIC = "certificate.revoked"
    serial: str
    reason: str = ""
