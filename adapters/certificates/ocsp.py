"""Answers to "does this certificate count?" (OCSP, RFC 6960) for what our own authority signed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from domain.certificates.register import Entry

GOOD_FOR = timedelta(hours=1)
LONGEST_NONCE = 32
"""RFC 8954 §2.1."""
ALGORITHMS = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)
"""In which a request may name the authority; SHA-1 is what nearly all clients use for it."""

Find = Callable[[str], Entry | None]
"""Serial number (hex) → what the register says of it."""


def respond(
    request: bytes, issuer: x509.Certificate, key: ec.EllipticCurvePrivateKey, find: Find, now: datetime
) -> tuple[bytes, bool]:
    """The response in DER, and whether it may be kept for an hour. Requests of one certificate are read, as RFC 5019
    asks for; what is no request, or is about another authority, gets an answer that says so.
    """
    try:
        asked = ocsp.load_der_ocsp_request(request)
        serial, algorithm, nonce = asked.serial_number, asked.hash_algorithm, _nonce(asked)
    except (ValueError, NotImplementedError, x509.UnsupportedGeneralNameType):
        return _refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST), False
    if not isinstance(algorithm, ALGORITHMS) or not _is_about(asked, issuer, algorithm):
        return _refusal(ocsp.OCSPResponseStatus.UNAUTHORIZED), False
    entry = find(f"{serial:x}")
    ours = entry is not None and entry.issuer == issuer.subject.rfc4514_string()
    revoked_at = entry.revoked_at if entry is not None and ours else None
    status = ocsp.OCSPCertStatus.GOOD if ours else ocsp.OCSPCertStatus.UNKNOWN
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=asked.issuer_name_hash,
        issuer_key_hash=asked.issuer_key_hash,
        serial_number=serial,
        algorithm=algorithm,
        cert_status=ocsp.OCSPCertStatus.REVOKED if revoked_at is not None else status,
        this_update=now,
        next_update=now + GOOD_FOR,
        revocation_time=revoked_at,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer)
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER), not nonce


def _nonce(asked: ocsp.OCSPRequest) -> bytes:
    """Empty where there is none, and where it is longer than any may be: then it is not repeated."""
    try:
        nonce = asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return b""
    return nonce if len(nonce) <= LONGEST_NONCE else b""


def _is_about(asked: ocsp.OCSPRequest, issuer: x509.Certificate, algorithm: hashes.HashAlgorithm) -> bool:
    """Does the request name our authority, by the digests of its name and of its key (RFC 6960 §4.1.1)?"""
    key = issuer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    named = (_digest(algorithm, issuer.subject.public_bytes()), _digest(algorithm, point))
    return (asked.issuer_name_hash, asked.issuer_key_hash) == named


def _digest(algorithm: hashes.HashAlgorithm, content: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(content)
    return digest.finalize()


def _refusal(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
