"""Sealed links: what a link is about travels in the link itself, readable and changeable by nobody but us."""

from base64 import b64decode, urlsafe_b64encode
from datetime import datetime
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from application import clock

T = TypeVar("T")

_NONCE = 12
LONGEST = 4096
"""Signs of a link's token: far more than a card needs."""


class LinkUnreadable(ValueError):
    """The link was cut, changed, made for something else, or its time is over."""


class _Sealed(msgspec.Struct, array_like=True):
    """What is inside."""

    until: datetime
    content: msgspec.Raw


class Sealer:
    """Seals values into texts for URLs (AES-256-GCM, RFC 5116); one key for one purpose."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        """`secret` must be the same for all processes of an installation, and outlast restarts."""
        self._purpose = purpose.encode()
        key = HKDF(SHA256(), 32, salt=None, info=b"zeus sealed link\0" + self._purpose).derive(secret)
        self._cipher = AESGCM(key)

    def seal(self, value: object, until: datetime) -> str:
        """A text that gives `value` back until then."""
        plain = msgspec.json.encode(_Sealed(until, msgspec.Raw(msgspec.json.encode(value))))
        nonce = bytes.fromhex(clock.salt())[:_NONCE]
        return (
            urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, plain, self._purpose)).decode().rstrip("=")
        )

    def open(self, text: str, kind: type[T], now: datetime) -> T:
        """What was sealed. Raises LinkUnreadable, whatever is wrong with it."""
        if len(text) > LONGEST:
            raise LinkUnreadable
        try:
            raw = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            plain = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], self._purpose)
            sealed = msgspec.json.decode(plain, type=_Sealed)
            value = msgspec.json.decode(sealed.content, type=kind)
        except (ValueError, InvalidTag, msgspec.DecodeError) as error:
            raise LinkUnreadable from error
        if now >= sealed.until:
            raise LinkUnreadable
        return value
