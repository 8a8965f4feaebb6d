"""Places in the log as strangers see them: sealed for their tenant, so that they tell nothing of anybody else (SEC-25).

A place is enciphered as one block of AES-256, which is a permutation: the same place has the same text in every
process and at every time, neighbours have nothing in common, and a text we did not make, or made for another tenant,
opens to a wrong mark in all but one of 2^48 cases.
"""

from base64 import b64decode, urlsafe_b64encode
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MARK = b"zeus@1"
END = 0xFFFF
"""The part after all messages of an event."""
SIGNS = 22
"""The length of a sealed place."""
BEGINNING = "beginning"
"""The one place that has a name: before all that is kept."""


class Place(NamedTuple):
    """After the `part`-th message of the event at `position`; parts count from 0."""

    position: int
    part: int = END


START = Place(0)


class Seals:
    """Makes and opens sealed places of any tenant."""

    def __init__(self, secret: bytes) -> None:
        """`secret` must be the same for all processes of an installation, and outlast restarts."""
        self._secret = secret
        self._seals: dict[str, Seal] = {}

    def of(self, tenant: str) -> "Seal":
        """The tenant's own."""
        seal = self._seals.get(tenant)
        if seal is None:
            seal = self._seals[tenant] = Seal(self._secret, tenant)
        return seal


class Seal:
    """Seals the places of one tenant; for one thread at a time."""

    def __init__(self, secret: bytes, tenant: str) -> None:
        info = b"zeus place in the log\0" + tenant.encode()
        key = HKDF(SHA256(), 32, salt=None, info=info).derive(secret)
        # One block, never two: a permutation of places is what is wanted, and what ECB is.
        cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - see above
        self._encrypt = cipher.encryptor().update
        self._decrypt = cipher.decryptor().update

    def seal(self, place: Place) -> str:
        """22 signs that are safe in a URL."""
        plain = place.position.to_bytes(8, "big") + place.part.to_bytes(2, "big") + MARK
        return urlsafe_b64encode(self._encrypt(plain))[:SIGNS].decode()

    def open(self, text: str) -> Place | None:
        """The place; None for what this tenant was never given."""
        if len(text) != SIGNS:
            return None
        try:
            raw = b64decode(text + "==", altchars=b"-_", validate=True)
        except ValueError:
            return None
        plain = self._decrypt(raw)
        if plain[10:] != MARK or urlsafe_b64encode(raw)[:SIGNS].decode() != text:
            return None
        return Place(int.from_bytes(plain[:8], "big"), int.from_bytes(plain[8:10], "big"))
