"""Cursors of paged lists: sealed, unreadable, good only for the list, filters and tenant they came from."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha512
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from adapters.http.positions import Positions
from adapters.http.problems import Fault, Problem, invalid

_LONGEST = 1024


class Cursors:
    """Makes and reads cursors: the sort key of the last row seen, encrypted and bound to list and filters.

    Encrypted, for a sort key may hold a place in the log, which is one for all tenants (SEC-25). AES-SIV (RFC 5297)
    needs no random value: the same page has the same cursor.
    """

    def __init__(self, secret: bytes) -> None:
        """`secret` must be the same for all processes of an installation, and outlast restarts."""
        self._cipher = AESSIV(sha512(b"zeus cursor\0" + secret).digest())
        self.positions = Positions(secret)

    def make(self, key: Any, place: "Place") -> str:
        """A cursor that continues after the row with this sort key."""
        return _text(self._cipher.encrypt(msgspec.json.encode(key), [place.text()]))

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
        try:
            return msgspec.json.decode(self._cipher.decrypt(raw, [place.text()]), type=kind)
        except (InvalidTag, ValueError, msgspec.DecodeError) as error:  # changed, or of an older version
            raise _not_ours() from error


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
