"""Cursors of paged lists: opaque, sealed, good only for the list, filters and tenant they came from."""

import hmac
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from adapters.http.problems import Fault, Problem, invalid

_SEAL = 16
_LONGEST = 1024


class Cursors:
    """Makes and reads cursors: the sort key of the last row seen, with a seal over key, list and filters."""

    def __init__(self, secret: bytes) -> None:
        """`secret` must be the same for all processes of an installation, and outlast restarts."""
        self._key = sha256(b"zeus cursor\0" + secret).digest()

    def make(self, key: Any, place: "Place") -> str:
        """A cursor that continues after the row with this sort key."""
        plain = msgspec.json.encode(key)
        return _text(self._seal(plain, place) + plain)

    def read(self, cursor: str, place: "Place", kind: Any) -> Any:
        """The sort key, as `kind` (a type msgspec knows). Raises a 422 Problem for one we did not make."""
        try:
            if len(cursor) > _LONGEST:
                raise _not_ours()
            raw = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise _not_ours() from error
        if _text(raw) != cursor:  # the last sign of base64 has bits to spare: one spelling is ours
            raise _not_ours()
        seal, plain = raw[:_SEAL], raw[_SEAL:]
        if not hmac.compare_digest(seal, self._seal(plain, place)):
            raise _not_ours()
        try:
            return msgspec.json.decode(plain, type=kind)
        except msgspec.DecodeError as error:  # sealed by an older version with another sort key
            raise _not_ours() from error

    def _seal(self, plain: bytes, place: "Place") -> bytes:
        return hmac.digest(self._key, place.text() + plain, "sha256")[:_SEAL]


class Place(msgspec.Struct, frozen=True):
    """Which list a cursor belongs to."""

    tenant: str
    path: str
    filters: Mapping[str, Any]
    """All query parameters but `cursor` and `limit`: the page size may change on the way."""

    def text(self) -> bytes:
        """The place as unambiguous bytes."""
        return msgspec.json.encode([self.tenant, self.path, sorted(self.filters.items())]) + b"\0"


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _not_ours() -> Problem:
    return invalid(
        Fault("cursor", "Not a cursor of this list with these filters. Take `next` as it is, or begin anew.")
    )
