"""What a charger's request for a certificate (PKCS#10) says. Pure."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from adapters.certificates.authorities import name_part
from domain.certificates.signing import SigningRequest

LEAST_RSA, MOST_RSA, LEAST_CURVE = 2048, 8192, 224
"""Bits (A00.FR.501, A00.FR.502); a key of 60,000 bits would only cost us time."""


def read_request(csr: str) -> SigningRequest | None:
    """None where it cannot be read."""
    try:
        return _facts(x509.load_pem_x509_csr(csr.encode()))
    except (ValueError, TypeError, UnsupportedAlgorithm, UnicodeEncodeError):
        return None


def _facts(request: x509.CertificateSigningRequest) -> SigningRequest:
    key, strong = _key(request)
    return SigningRequest(
        common_name=name_part(request.subject, NameOID.COMMON_NAME),
        organisation=name_part(request.subject, NameOID.ORGANIZATION_NAME),
        key=key,
        strong=strong,
        genuine=strong and _is_genuine(request),
    )


def _key(request: x509.CertificateSigningRequest) -> tuple[str, bool]:
    key = request.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}", LEAST_RSA <= key.key_size <= MOST_RSA
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.key_size}", key.key_size >= LEAST_CURVE
    return type(key).__name__, False


def _is_genuine(request: x509.CertificateSigningRequest) -> bool:
    try:
        return request.is_signature_valid
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
