"""Ed25519: the keys that sign checkpoints, made and kept in files that their owner alone can read."""

import base64
import binascii
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from domain.audit.notes import ED25519, NoteKey

_PREFIX = "PRIVATE+KEY+"


class SigningKeyWrong(ValueError):
    """A signing key cannot be read: it has the form PRIVATE+KEY+<name>+<hash>+<key>."""


class SigningKey(NamedTuple):
    """A private key and the public one."""

    public: NoteKey
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self.private.sign(message)

    @property
    def signer(self) -> tuple[NoteKey, Callable[[bytes], bytes]]:
        """As `domain.audit.notes.signed` takes it."""
        return self.public, self.sign

    @property
    def encoded(self) -> str:
        """The private key in the form that signed-note tools keep it in. It is a secret."""
        seed = self.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return f"{_PREFIX}{self.public.id}+{base64.b64encode(ED25519 + seed).decode()}"


def make_key(name: str = "") -> SigningKey:
    """A new key. Without a name it gets one of its own, which becomes the name of the log."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SigningKey(NoteKey(name or f"zeus-{public[:4].hex()}/log", public), private)


def read_signing_key(text: str) -> SigningKey:
    """A key as `encoded` writes it. Raises SigningKeyWrong."""
    try:
        name, _, encoded = text.strip().removeprefix(_PREFIX).split("+", 2)
        body = base64.b64decode(encoded, validate=True)
        private = Ed25519PrivateKey.from_private_bytes(body[1:])
    except (ValueError, binascii.Error) as error:
        raise SigningKeyWrong(SigningKeyWrong.__doc__) from error
    key = SigningKey(
        NoteKey(name, private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)), private
    )
    if key.encoded != text.strip():
        raise SigningKeyWrong(SigningKeyWrong.__doc__)
    return key


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Is it the signature of this key over this message?"""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class KeyFiles:
    """The directory of our signing keys: a file each, named after its hash."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def keys(self) -> list[SigningKey]:
        """Those there are, the oldest first. Raises SigningKeyWrong, OSError."""
        files = sorted(self._files(), key=lambda path: (path.stat().st_mtime_ns, path.name))
        return [read_signing_key(path.read_text()) for path in files]

    def add(self, key: SigningKey) -> Path:
        """Keep a key, durably, before anything is signed with it. Raises OSError."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(key.public)
        new = path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(key.encoded + "\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        return path

    def remove(self, key: NoteKey) -> bool:
        """Destroy a private key; whether it was here."""
        path = self._path(key)
        found = path.exists()
        path.unlink(missing_ok=True)
        return found

    def _path(self, key: NoteKey) -> Path:
        return self.home / f"{key.hash.hex()}.key"

    def _files(self) -> Iterator[Path]:
        return self.home.glob("*.key")
