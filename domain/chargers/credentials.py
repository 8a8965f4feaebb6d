"""Basic-auth passwords of chargers: machine-made, kept as a salted digest, presented in two forms."""

import hashlib
import hmac

import msgspec

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
"""No look-alikes (0 O, 1 I l): an installer types it on a ladder."""
LENGTH = 20
"""A00.FR.205: at most 20 bytes; 20 of 56 signs are 116 bits, so one fast digest is enough."""


class Credential(msgspec.Struct, frozen=True):
    """The digest of the one valid password."""

    salt: str
    digest: str

    def matches(self, presented: bytes) -> str:
        """`raw`, `hex` or nothing: several chargers present the 40 hex digits they were sent verbatim."""
        if hmac.compare_digest(digest_of(self.salt, presented), self.digest):
            return "raw"
        decoded = _decoded(presented)
        if decoded is not None and hmac.compare_digest(digest_of(self.salt, decoded), self.digest):
            return "hex"
        return ""


def digest_of(salt: str, password: bytes) -> str:
    """Hex of HMAC-SHA-256(salt, password)."""
    return hmac.new(bytes.fromhex(salt), password, hashlib.sha256).hexdigest()


def _decoded(presented: bytes) -> bytes | None:
    if len(presented) != 2 * LENGTH:
        return None
    try:
        return bytes.fromhex(presented.decode("ascii"))
    except ValueError:
        return None
