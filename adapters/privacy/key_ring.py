"""The installation's key for personal data, in as many versions as there are, and what is derived from it."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_NONCE = 12


class PrivacyKeyWrong(ValueError):
    """The key for personal data cannot be used; the message says why."""


class KeyRing:
    """Versions of one key. The newest wraps and finds from now on; the others still open what they wrapped."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        """Raises PrivacyKeyWrong."""
        if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise PrivacyKeyWrong(f"each version is {KEY_BYTES} bytes in Base64, and there is at least one")
        self._keys = dict(keys)
        self.versions = tuple(sorted(keys, reverse=True))
        self.newest = self.versions[0]
        self._derived = lru_cache(maxsize=4096)(self._derive)

    @classmethod
    def read(cls, text: str) -> "KeyRing":
        """Lines, or parts between commas, of `<version>:<Base64>`. Raises PrivacyKeyWrong."""
        keys: dict[int, bytes] = {}
        for part in text.replace(",", "\n").split():
            version, _, encoded = part.partition(":")
            if not version.isdecimal() or int(version) in keys:
                raise PrivacyKeyWrong("each version is written once, as <number>:<Base64>")
            try:
                keys[int(version)] = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                raise PrivacyKeyWrong(f"version {version} is not Base64") from None
        return cls(keys)

    def lookup(self, tenant: str, folded: str, version: int) -> bytes:
        """What finds a token in the vault and says nothing of it."""
        key = self._derived(version, f"lookup/{tenant}")
        return hmac.digest(key, folded.encode("utf-8", "surrogatepass"), "sha256")

    def wrap(self, tenant: str, ref: str, key: bytes) -> bytes:
        """A subject's key as the vault may hold it, under the newest version."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._wrapping(tenant, self.newest).encrypt(nonce, key, ref.encode())

    def unwrap(self, tenant: str, ref: str, wrapped: bytes, version: int) -> bytes:
        """A subject's key. Raises PrivacyKeyWrong for a version that is missing, InvalidTag for another key."""
        return self._wrapping(tenant, version).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], ref.encode())

    def fingerprint(self, version: int) -> bytes:
        """Tells whether a version is the one it was, and nothing of the key."""
        return hashlib.sha256(self._derived(version, "fingerprint")).digest()[:16]

    def _wrapping(self, tenant: str, version: int) -> AESGCM:
        return AESGCM(self._derived(version, f"wrap/{tenant}"))

    def _derive(self, version: int, purpose: str) -> bytes:
        if version not in self._keys:
            raise PrivacyKeyWrong(f"version {version} of the key for personal data is missing")
        kdf = HKDF(SHA256(), KEY_BYTES, salt=None, info=f"zeus privacy/{purpose}".encode())
        return kdf.derive(self._keys[version])


def new_key_line(version: int = 1) -> str:
    """A fresh key as a line of the file."""
    return f"{version}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def read_key_file(path: Path) -> KeyRing:
    """The ring in a file, which is made where it is missing, readable by its owner alone. Raises PrivacyKeyWrong."""
    if not path.exists():
        _make(path)
    try:
        return KeyRing.read(path.read_text())
    except PrivacyKeyWrong as error:
        raise PrivacyKeyWrong(f"{path}: {error}") from error


def _make(path: Path) -> None:
    """Two that start at once agree on one: the first link of a finished file wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    fresh.touch(mode=0o600, exist_ok=False)
    try:
        fresh.write_text(new_key_line() + "\n")
        path.hardlink_to(fresh)
    except FileExistsError:
        return
    finally:
        fresh.unlink()
