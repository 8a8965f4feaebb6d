"""Who is meant: chargers, id tokens, and the stream ids made of them."""

from enum import Enum
from typing import Annotated, Any
from urllib.parse import quote

import msgspec

CPID_LIMIT = 48
"""2.x part 4 §3.1.1: 48 characters; 1.6 leaves it open and the field stays below."""


class InvalidChargerId(ValueError):
    """A charger id is 1 to 48 printable characters, without `/`, `:` and surrounding blanks."""


class ChargerId(msgspec.Struct, frozen=True, order=True):
    """A charger of a tenant. Compared without case (2.x: an identifierString); shown as registered."""

    tenant: str
    key: str
    """The upper-case spelling, which makes the stream id."""

    @classmethod
    def of(cls, tenant: str, cpid: str) -> "ChargerId":
        """Check and fold `cpid`; raises InvalidChargerId."""
        if not cpid or len(cpid) > CPID_LIMIT or cpid != cpid.strip() or not cpid.isprintable():
            raise InvalidChargerId(cpid)
        if "/" in cpid or ":" in cpid:  # RFC 7617: a user name holds no colon; a path segment no slash
            raise InvalidChargerId(cpid)
        return cls(tenant, cpid.upper())

    @property
    def stream(self) -> str:
        """`charger/<tenant>/<CPID>`."""
        return f"charger/{self.tenant}/{self.key}"


class IdToken(msgspec.Struct, frozen=True):
    """What a driver presents: an RFID number, a contract id, a code. Never a bare string beyond the wire."""

    value: str
    kind: str = ""
    """The 2.x token type as told (`ISO14443`, `eMAID`, …); empty where the charger named none (1.6)."""

    @property
    def key(self) -> str:
        """Tokens are compared without case (1.6 idToken and 2.x identifierString are case-insensitive)."""
        return self.value.upper()

    def stream(self, tenant: str) -> str:
        """`id-token/<tenant>/<KEY>`, percent-encoded where the token holds unusual signs."""
        return f"id-token/{tenant}/{quote(self.key, safe='')}"

    def __str__(self) -> str:
        """Never the token itself: it is personal data and must not reach a log line."""
        return f"IdToken(…{self.value[-2:]})" if len(self.value) > 4 else "IdToken(…)"

    __repr__ = __str__


class Personal(Enum):
    """What in a fact is personal beside the tokens themselves; it stands in the type, and the log seals it."""

    TOKEN = "token"  # noqa: S105 - no password
    """A text that names somebody as an id token does, such as a group or a VAT number."""
    WORDS = "words"
    """What people wrote about whoever the token beside it, or the stream, is about."""
    PAYLOAD = "payload"
    """A message in the words of the wire, which may hold tokens in their places."""


TokenText = Annotated[str, Personal.TOKEN]
PersonalText = Annotated[str, Personal.WORDS]
PersonalPayload = Annotated[dict[str, Any], Personal.PAYLOAD]

ERASED = "erased:"
"""A token whose owner was erased reads so, with the pseudonym that the log still has: equal to itself, and no more."""


def is_erased(token: str) -> bool:
    """Can nobody tell any more what this token was?"""
    return token.startswith(ERASED)


def tenant_of(stream: str) -> str:
    """The tenant a stream belongs to: the second part of its id."""
    return stream.split("/", 2)[1]
