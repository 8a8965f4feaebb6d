"""Certificates of every kind, good and bad, made for a test."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
HOST = "csms.example.com"


def new_key(kind: str = "ECDSA") -> PrivateKey:
    """A key as small as is allowed, so that tests are quick."""
    return rsa.generate_private_key(65537, 2048) if kind == "RSA" else ec.generate_private_key(ec.SECP256R1())


def pem_of(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def name_of(common_name: str, organisation: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organisation:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


class Leaf:
    """A certificate with its key and those above it."""

    def __init__(
        self, certificate: x509.Certificate, key: PrivateKey, above: Sequence[x509.Certificate] = ()
    ) -> None:
        self.certificate = certificate
        self.key = key
        self.above = tuple(above)

    @property
    def chain(self) -> bytes:
        """PEM: its own first."""
        return b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.above))

    @property
    def pem(self) -> bytes:
        """The chain and the key: what a server's file holds."""
        return self.chain + pem_of(self.key)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.pem)
        return path


class Authority:
    """A certificate authority: a root, or below another one."""

    def __init__(
        self, name: str = "A test's root", kind: str = "ECDSA", below: "Authority | None" = None
    ) -> None:
        self.key = new_key(kind)
        self.below = below
        issuer = below or self
        self.name = name_of(name)
        now = datetime.now(UTC)
        builder = _builder(
            self.name, issuer.name, self.key, now - timedelta(days=900), now + timedelta(days=900)
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = builder.sign(issuer.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self,
        common_name: str = HOST,
        organisation: str = "",
        *,
        kind: str = "ECDSA",
        days: float = 30,
        begin_days: float = -1,
        server: bool = False,
    ) -> Leaf:
        """A certificate that ends after `days`; negative: it has ended."""
        key, now = new_key(kind), datetime.now(UTC)
        begin, end = now + timedelta(days=min(begin_days, days - 1)), now + timedelta(days=days)
        use = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = _builder(name_of(common_name, organisation), self.name, key, begin, end)
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        if server:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(common_name)]), critical=False
            )
        above = () if self.below is None else (self.certificate,)
        return Leaf(builder.sign(self.key, hashes.SHA256()), key, above)

    def revoke(self, *leaves: Leaf) -> bytes:
        """The revocation list with these on it, PEM."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(now - timedelta(hours=1)).next_update(now + timedelta(days=1))
        for leaf in leaves:
            entry = x509.RevokedCertificateBuilder().serial_number(leaf.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now - timedelta(hours=1)).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def request_of(key: PrivateKey, common_name: str, organisation: str = "") -> str:
    """A charger's request (PKCS#10, PEM) for its key to be signed."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(name_of(common_name, organisation))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
