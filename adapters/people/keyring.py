"""The keys of the installation, outside the database: what they seal is of no use to whoever copies that."""

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from application import clock
from application.proofs import SealBroken

NONCE_BYTES = 12


class Keys:
    """The port `application.proofs.Keyring`: AES-256-GCM; the purpose is authenticated, not stored."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """The first seals and all open. The last stands behind pseudonyms: it is the one that stays."""
        if not secrets:
            raise ValueError("at least one key is needed")
        self._sealing = {_name_of(secret): AESGCM(_derived(secret, b"seal")) for secret in secrets}
        self._first = _name_of(secrets[0])
        self._naming = _derived(secrets[-1], b"pseudonym")

    def seal(self, purpose: str, plain: bytes) -> str:
        """`<name of the key>.<nonce and ciphertext in Base64>`."""
        nonce = clock.random_bytes(NONCE_BYTES)
        sealed = nonce + self._sealing[self._first].encrypt(nonce, plain, purpose.encode())
        return f"{self._first}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, purpose: str, sealed: str) -> bytes:
        """See the port."""
        name, _, text = sealed.partition(".")
        key = self._sealing.get(name)
        if key is None:
            raise SealBroken(f"no key is named {name[:16]!r}: was ZEUS_PEOPLE_KEY changed?")
        try:
            raw = base64.b64decode(text.encode("ascii", "replace"), b"-_", validate=True)
            return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken("it was sealed for something else, or changed") from error

    def pseudonym(self, text: str) -> str:
        """See the port."""
        return hmac.digest(self._naming, text.encode("utf-8", "surrogatepass"), sha256).hex()[:22]


def _derived(secret: bytes, use: bytes) -> bytes:
    """A key of 32 bytes for one use; the secret has 256 random bits or was chosen to be long."""
    return hmac.digest(secret, b"zeus people\0" + use, sha256)


def _name_of(secret: bytes) -> str:
    """Tells keys apart in what they sealed, and is no way back to them."""
    return _derived(secret, b"name").hex()[:8]
