"""Intents about a charger's certificates (1.6 security extension, 2.x functional blocks A and M)."""

from domain.chargers.security import CertificateHash
from domain.commands.intent import Intent


class CertificateSigned(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Deliver the certificate that a charger asked to have signed."""

    chain: str
    """PEM: the charger's own certificate first, then those above it."""
    purpose: str = "ChargingStationCertificate"
    """Or `V2GCertificate`, 2.1 also `V2G20Certificate`; 1.6 knows the first alone."""
    request_id: int | None = None
    """2.1: of the charger's request; None where it named none."""


class InstallCertificate(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Install a root certificate."""

    certificate: str
    """PEM."""
    kind: str
    """`CSMSRootCertificate` and `ManufacturerRootCertificate`, 2.x also `V2GRootCertificate`, `MORootCertificate`, 2.1
    also `OEMRootCertificate`."""


class DeleteCertificate(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Remove a certificate."""

    certificate: CertificateHash


class GetInstalledCertificateIds(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask which certificates are installed."""

    kinds: tuple[str, ...] = ()
    """As for InstallCertificate, 2.x also `V2GCertificateChain`; empty: all. 1.6 takes one."""
