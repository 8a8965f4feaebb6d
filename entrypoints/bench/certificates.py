"""Certificates of the server under measurement: each signs itself, and the load does not look at it."""

import ssl
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from application import clock

KINDS = ("rsa", "ecdsa")


def make_certificate(file: Path, kind: str) -> Path:
    """The file, with a certificate of a day and its key: RSA of 2048 bits, or ECDSA on P-256."""
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zeus bench")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(clock.now() - timedelta(hours=1))
    certificate = builder.not_valid_after(clock.now() + timedelta(days=1)).sign(key, SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + secret)
    file.chmod(0o600)
    return file


def unconcerned() -> ssl.SSLContext:
    """A client that verifies nothing: that is the chargers' work, and they are not measured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
