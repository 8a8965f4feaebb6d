"""Verifies OCMF records with `cryptography`, and with the bundle's own program for the one curve that it lacks."""

import base64
import re
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from adapters.audit.verify_bundle import CURVES, curve_of, ecdsa, public_point, signature_pair
from application.signed_values import MeterKeyUnreadable
from domain.signed_values.ocmf import OcmfRecord

_LIBRARY: dict[str, ec.EllipticCurve] = {
    "secp192r1": ec.SECP192R1(),
    "secp256k1": ec.SECP256K1(),
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "brainpool256r1": ec.BrainpoolP256R1(),
    "brainpool384r1": ec.BrainpoolP384R1(),
}
_ALONE = {48: "secp192r1", 64: "secp256r1", 96: "secp384r1"}
"""Length of a point that names no curve → the curve it is most likely of."""


class PublicKey(NamedTuple):
    """A meter's key."""

    hex: str
    curve: str

    @property
    def id(self) -> str:
        """16 hex digits of its SHA-256."""
        return sha256(bytes.fromhex(self.hex)).hexdigest()[:16]


class OcmfSignatures:
    """The port `application.signed_values.MeterSignatures`."""

    def knows(self, algorithm: str) -> bool:
        """Is it one of the seven that OCMF names?"""
        return bool(curve_of(algorithm))

    def check(self, record: OcmfRecord, key: str) -> bool:
        """Does the key, in any of the forms, bear the record out? False for a key of another curve."""
        curve = curve_of(record.algorithm)
        raw = _decoded(key)
        point = public_point(raw, curve) if curve and raw is not None else None
        if point is None:
            return False
        library = _LIBRARY.get(curve)
        if library is None:
            return ecdsa(curve, point, record.signed, record.signature)
        return _check(library, point, record)

    def read_key(self, text: str, curve: str = "") -> tuple[str, str, str]:
        """(id, hex, curve) of SubjectPublicKeyInfo or a point, in PEM, hex or Base64. Raises MeterKeyUnreadable."""
        raw = _decoded(text)
        if raw is None:
            raise MeterKeyUnreadable("it is neither PEM nor hex nor Base64")
        named = [name for name, numbers in CURVES.items() if bytes.fromhex(numbers[0]) in raw]
        chosen = curve or (
            named[0] if named else _ALONE.get(len(raw) - (raw[:1] == b"\x04" and len(raw) % 2))
        )
        if chosen not in CURVES:
            raise MeterKeyUnreadable(f"its curve is none of {', '.join(CURVES)}")
        point = public_point(raw, chosen)
        if point is None or not _on_curve(point, chosen):
            raise MeterKeyUnreadable(f"it is no key on {chosen}")
        key = PublicKey(raw.hex(), chosen)
        return key.id, key.hex, key.curve


def _check(curve: ec.EllipticCurve, point: bytes, record: OcmfRecord) -> bool:
    pair = signature_pair(record.signature, len(point))
    if pair is None or min(pair) <= 0:
        return False
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + point)
        key.verify(encode_dss_signature(*pair), record.signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _on_curve(point: bytes, curve: str) -> bool:
    _, p, a, b, *_ = CURVES[curve]
    half = len(point) // 2
    x, y = int.from_bytes(point[:half], "big"), int.from_bytes(point[half:], "big")
    return x < p and y < p and (y * y - x * x * x - a * x - b) % p == 0


def _decoded(text: str) -> bytes | None:
    """PEM, hex (with blanks or colons), or Base64; chargers send `oca:base16:asn1:…` as well (OCA application note)."""
    text = text.rpartition(":")[2] if text.startswith("oca:") else text
    text = re.sub(r"-----[A-Z ]+-----|[\s:]", "", text)
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True) or None
    except ValueError:
        return None
