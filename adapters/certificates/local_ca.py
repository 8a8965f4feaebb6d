"""Our own certificate authority: a root, an authority below it that signs chargers, and its revocation list, in files.

The root's key is used once, when the authority is made; it may be moved to a safe place afterwards.
"""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from adapters.certificates.authorities import facts_of
from adapters.certificates.ocsp import Find, respond
from adapters.certificates.pem import CertificateFileWrong, certificates_of, read
from application.certificates import CRL_PATH, OCSP_PATH, AuthorityFailed, SignedCertificate
from domain.certificates.register import Entry

ROOT_LIVES = timedelta(days=20 * 365)
ISSUER_LIVES = timedelta(days=10 * 365)
CHARGER_LIVES = timedelta(days=365)
EARLIER = timedelta(hours=1)
"""Certificates begin so long ago: the clocks of chargers go wrong."""
LIST_LIVES = timedelta(days=30)
"""It is published anew each day."""
PURPOSE = "our own authority"

ROOT, ROOT_KEY = "root.pem", "root.key"
ISSUER, ISSUER_KEY = "issuing.pem", "issuing.key"
CHAIN, LIST = "chain.pem", "crl.pem"

Key = ec.EllipticCurvePrivateKey


class AuthorityExists(Exception):
    """There is an authority already; a new one would make every certificate it signed worthless."""


class LocalAuthority:
    """Implements `application.certificates.CertificateAuthority` with files of one directory."""

    def __init__(self, home: Path, public_url: str = "") -> None:
        """`public_url` is where certificates say that their revocation can be looked up; empty: they do not say.

        Raises CertificateFileWrong.
        """
        self.home = home
        self._public_url = public_url.rstrip("/")
        (self.root,) = certificates_of(home / ROOT, PURPOSE)[:1]
        (self.issuer,) = certificates_of(home / ISSUER, PURPOSE)[:1]
        try:
            key = load_pem_private_key(read(home / ISSUER_KEY, PURPOSE), None)
        except ValueError:
            raise CertificateFileWrong(f"The key {home / ISSUER_KEY} cannot be read.") from None
        if not isinstance(key, Key) or key.public_key() != self.issuer.public_key():
            raise CertificateFileWrong(f"{home / ISSUER_KEY} is not the key of {home / ISSUER}.")
        self._key = key

    @classmethod
    def create(cls, home: Path, organisation: str, now: datetime) -> "LocalAuthority":
        """Make one. Raises AuthorityExists, OSError."""
        if (home / ROOT).exists():
            raise AuthorityExists(str(home))
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = os.urandom(3).hex()
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root_name = _name(f"{organisation} charger root {mark}", organisation)
        name = _name(f"{organisation} charger authority {mark}", organisation)
        root = _authority(root_name, root_name, root_key, root_key, now, ROOT_LIVES, below=1)
        issuer = _authority(name, root_name, key, root_key, now, ISSUER_LIVES, below=0)
        _write(home / ROOT_KEY, _pem_of_key(root_key), 0o600)
        _write(home / ISSUER_KEY, _pem_of_key(key), 0o600)
        _write(home / ISSUER, _pem(issuer), 0o644)
        _write(home / CHAIN, _pem(issuer) + _pem(root), 0o644)
        _write(home / LIST, _revocation_list(issuer, key, (), now), 0o644)
        _write(home / ROOT, _pem(root), 0o644)  # last: with it the authority is complete
        return cls(home)

    async def sign(self, csr: str, now: datetime) -> SignedCertificate:
        """See the port. Signing takes a millisecond of one core."""
        if now > self.issuer.not_valid_after_utc - CHARGER_LIVES:
            raise AuthorityFailed("our own authority ends before the certificate would: make a new one")
        try:
            request = x509.load_pem_x509_csr(csr.encode())
        except ValueError as error:
            raise AuthorityFailed(f"the request cannot be read: {error}") from error
        certificate = await asyncio.to_thread(self._certificate, request, now)
        told = facts_of(certificate)
        return SignedCertificate(
            serial=told.serial,
            common_name=told.common_name,
            issuer=told.issuer,
            not_after=told.not_after,
            fingerprint=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
            chain=(_pem(certificate) + _pem(self.issuer)).decode(),
        )

    async def publish(self, revoked: Sequence[Entry], now: datetime) -> None:
        """See the port: `crl.pem` is replaced in one step."""
        ours = [one for one in revoked if one.issuer == self.issuer.subject.rfc4514_string()]
        try:
            await asyncio.to_thread(
                _write, self.home / LIST, _revocation_list(self.issuer, self._key, ours, now), 0o644
            )
        except OSError as error:
            raise AuthorityFailed(f"{self.home / LIST} cannot be written: {error.strerror}") from error

    def revocation_list(self) -> bytes:
        """The list as published last, in DER. Raises AuthorityFailed."""
        try:
            pem = (self.home / LIST).read_bytes()
            return x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER)
        except (OSError, ValueError) as error:
            raise AuthorityFailed(f"{self.home / LIST} cannot be read: {error}") from error

    def status(self, request: bytes, find: Find, now: datetime) -> tuple[bytes, bool]:
        """The answer to an OCSP request, and whether it may be kept. Takes half a millisecond of one core."""
        return respond(request, self.issuer, self._key, find, now)

    def _looked_up_at(self, builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        """With the addresses at which others learn whether it was revoked."""
        if not self._public_url:
            return builder
        crl, responder = (
            x509.UniformResourceIdentifier(self._public_url + path) for path in (CRL_PATH, OCSP_PATH)
        )
        point = x509.DistributionPoint([crl], None, None, None)
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, responder)
        return builder.add_extension(x509.CRLDistributionPoints([point]), critical=False).add_extension(
            x509.AuthorityInformationAccess([access]), critical=False
        )

    def _certificate(self, request: x509.CertificateSigningRequest, now: datetime) -> x509.Certificate:
        """Of the request nothing but its key, CN and O count: what else it wishes for is not its to choose."""
        key = request.public_key()
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise AuthorityFailed("the request's key is neither RSA nor of an elliptic curve")
        wanted = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
        kept = [part for oid in wanted for part in request.subject.get_attributes_for_oid(oid)]
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(kept))
            .issuer_name(self.issuer.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - EARLIER)
            .not_valid_after(now + CHARGER_LIVES)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False, exchanges=isinstance(key, rsa.RSAPublicKey)), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        return self._looked_up_at(builder).sign(self._key, hashes.SHA256())


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        ]
    )


def _authority(
    name: x509.Name,
    issuer: x509.Name,
    key: Key,
    signer: Key,
    now: datetime,
    lives: timedelta,
    *,
    below: int,
) -> x509.Certificate:
    """`below`: how many authorities there may be under this one."""
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + lives)
        .add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
        .add_extension(_usage(signs=True, exchanges=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )


def _revocation_list(issuer: x509.Certificate, key: Key, revoked: Sequence[Entry], now: datetime) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        .next_update(now + LIST_LIVES)
        .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16))
        builder = builder.add_revoked_certificate(entry.revocation_date(one.revoked_at or now).build())
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _usage(*, signs: bool, exchanges: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=exchanges,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _pem_of_key(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes, mode: int) -> None:
    """In one step: whoever reads it meanwhile reads the former file or the new one."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(number, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
