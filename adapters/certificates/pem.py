"""PEM files read and checked, so that what is wrong with one can be said in a sentence."""

from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class CertificateFileWrong(Exception):
    """A certificate file cannot be used; the message says which one and why."""


class Chain(NamedTuple):
    """A server's certificate with those above it, and the kind of its key."""

    path: Path
    kind: str
    """`RSA` or `ECDSA`."""
    certificates: tuple[x509.Certificate, ...]


def read(path: Path, purpose: str) -> bytes:
    """The file's bytes. Raises CertificateFileWrong."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CertificateFileWrong(f"The file {path} of {purpose} does not exist.") from None
    except OSError as error:
        raise CertificateFileWrong(
            f"The file {path} of {purpose} cannot be read: {error.strerror}."
        ) from None


def certificates_of(path: Path, purpose: str) -> tuple[x509.Certificate, ...]:
    """Every certificate of the file, in order. Raises CertificateFileWrong."""
    try:
        return tuple(x509.load_pem_x509_certificates(read(path, purpose)))
    except ValueError:
        raise CertificateFileWrong(f"The file {path} of {purpose} holds no certificate (PEM).") from None


def chain_of(path: Path, purpose: str) -> Chain:
    """A certificate, those above it and its key, all in one file. Raises CertificateFileWrong."""
    certificates = certificates_of(path, purpose)
    key = _key_of(path, purpose)
    mine = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    shown = certificates[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if mine != shown:
        raise CertificateFileWrong(
            f"Key and certificate in {path} do not match. The server's own certificate comes first in the "
            "file, then those above it."
        )
    return Chain(path, "RSA" if isinstance(key, rsa.RSAPrivateKey) else "ECDSA", certificates)


def lists_of(path: Path, purpose: str) -> tuple[x509.CertificateRevocationList, ...]:
    """Every revocation list of the file. Raises CertificateFileWrong."""
    begin = b"-----BEGIN X509 CRL-----"
    parts = read(path, purpose).split(begin)[1:]
    try:
        found = tuple(x509.load_pem_x509_crl(begin + part) for part in parts)
    except ValueError:
        found = ()
    if not found:
        raise CertificateFileWrong(f"The file {path} of {purpose} holds no revocation list (PEM).")
    return found


def _key_of(path: Path, purpose: str) -> PrivateKey:
    text = read(path, purpose)
    if b"PRIVATE KEY-----" not in text:
        raise CertificateFileWrong(f"The file {path} of {purpose} holds no private key: add it to the file.")
    if b"ENCRYPTED" in text:
        raise CertificateFileWrong(f"The key in {path} of {purpose} has a passphrase: store it without one.")
    try:
        key = load_pem_private_key(text, None)
    except ValueError:
        raise CertificateFileWrong(f"The key in {path} of {purpose} cannot be read.") from None
    if not isinstance(key, PrivateKey):
        raise CertificateFileWrong(f"The key in {path} of {purpose} is neither RSA nor of an elliptic curve.")
    return key
