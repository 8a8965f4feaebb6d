"""Facts about a charger's security: its events, and the certificates it asks about."""

import msgspec

from domain.event import Fact
from domain.identity import IdToken


class SecurityEventReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Something of security relevance happened at the charger; when, is the told time of the event."""

    TOPIC = "security.event_reported"
    kind: str
    """A name of the specification's list (`TamperDetectionActivated` …) or one of the maker's."""
    info: str = ""


class CertificateHash(msgspec.Struct, frozen=True, kw_only=True):
    """Names a certificate without showing it (RFC 6960)."""

    algorithm: str
    """`SHA256`, `SHA384` or `SHA512`."""
    issuer_name: str
    """Hash of the issuer's name, as told."""
    issuer_key: str
    """Hash of the issuer's public key, as told."""
    serial: str
    """The certificate's serial number in hex."""


class SignatureRequested(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger wants a certificate signed; the request itself (PKCS#10, PEM) is in the frame."""

    TOPIC = "certificate.signature_requested"
    csr_sha256: str
    """Hex digest of the request's text: the same request sent again has the same one."""
    purpose: str = "ChargingStationCertificate"
    """Or `V2GCertificate`, `V2G20Certificate`; empty where 2.x names none: one certificate for all uses."""
    request_id: int | None = None
    """2.1: what the signed certificate will name."""
    root: CertificateHash | None = None
    """2.1: the root below which it shall be signed."""
    objection: str = ""
    """Why it was not signed, as the charger was told; empty where a certificate follows."""


class ContractRequested(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A car wants its contract certificate through the charger; its EXI request is in the frame."""

    TOPIC = "certificate.contract_requested"
    action: str
    """`Install` or `Update`."""
    iso15118_schema: str
    most_chains: int | None = None
    """How many contracts the car takes (ISO 15118-20)."""
    preferred: tuple[IdToken, ...] = ()
    """The contracts the car wants first."""


class CertificateQuestion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of one certificate: is it still good?"""

    certificate: CertificateHash
    source: str = "OCSP"
    """`OCSP` or `CRL`."""
    urls: tuple[str, ...] = ()
    """Where the charger would look itself."""


class RevocationAsked(Fact, frozen=True):
    """The charger asks whether certificates were revoked."""

    TOPIC = "certificate.revocation_asked"
    questions: tuple[CertificateQuestion, ...]
