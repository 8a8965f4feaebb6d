"""Basic-auth passwords of chargers: machine-made, kept as a salted digest, presented in two forms."""

import hashlib
import hmac

import msgspec

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
"""No look-alikes (0 O, 1 I l): an installer types it on a ladder."""
LENGTH = 20
"""What both extensions of A00.FR.205 allow: 16 to 20 bytes in 1.6, 16 to 40 characters in 2.0.1.

20 of 56 signs are 116 bits, so one fast digest is enough.
"""
HEX_LENGTHS = range(32, 41, 2)
"""1.6 sends a password of 16 to 20 bytes to the charger as so many hex digits (AuthorizationKey)."""


class Credential(msgspec.Struct, frozen=True):
    """The digest of the one valid password."""

    salt: str
    digest: str

    def matches(self, presented: bytes) -> str:
        """`raw`, `hex` or nothing: several chargers present the hex digits they were sent verbatim.

        The other way round, whoever registered the hex digits of an AuthorizationKey means the bytes behind
        them, which is what the charger presents (OCPP-J 1.6 §6.2); both spellings of the digits count.
        """
        key = presented.hex().encode()
        if any(self._is(form) for form in (presented, key, key.upper())):
            return "raw"
        decoded = _decoded(presented)
        return "hex" if decoded is not None and self._is(decoded) else ""

    def _is(self, password: bytes) -> bool:
        return hmac.compare_digest(digest_of(self.salt, password), self.digest)


def digest_of(salt: str, password: bytes) -> str:
    """Hex of HMAC-SHA-256(salt, password)."""
    return hmac.new(bytes.fromhex(salt), password, hashlib.sha256).hexdigest()


def _decoded(presented: bytes) -> bytes | None:
    if len(presented) not in HEX_LENGTHS:
        return None
    try:
        decoded = bytes.fromhex(presented.decode("ascii"))
    except ValueError:
        return None
    return decoded if 2 * len(decoded) == len(presented) else None  # fromhex skips blanks
