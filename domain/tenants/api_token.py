"""A token for the API: how it is written, what of it is kept, and whether it opens."""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Any

import msgspec

from domain.event import Event, Fact
from domain.tenants.events import TokenIssued, TokenRevoked, TokenSeen
from domain.tenants.roles import Right, Role
from domain.tenants.tenant import is_slug

SEEN_EVERY = timedelta(hours=1)
LONGEST_NAME = 100
MOST_CHARGERS = 100
_ID = re.compile(r"[0-9a-f]{22}")
_NOBODYS = "0" * 64
"""Stands in where there is no token of an id, so that trying costs the same: nothing has this digest."""


class TokenImpossible(ValueError):
    """A token has a name of 1 to 100 printable characters, and expires in the future or never."""


class ScopeImpossible(ValueError):
    """A token is narrowed to rights that its role has, and to at most 100 chargers."""


class ApiTokenUnknown(Exception):
    """There is no API token of this id; `zeus token list` shows those that are."""


class ApiTokenExists(Exception):
    """A token of this id was issued already; its secret was shown then and is not known here."""


class Presented(msgspec.Struct, frozen=True):
    """A token as somebody presented it, taken apart: `zeus_<tenant>-<id>_<secret>`."""

    tenant: str
    id: str
    secret: str

    def __repr__(self) -> str:
        """Never the secret."""
        return f"Presented(tenant={self.tenant!r}, id={self.id!r}, secret=…)"


class ApiToken(msgspec.Struct):
    """State of a token; the only way to change it is `when`."""

    stream: str
    version: int = 0
    issued: TokenIssued | None = None
    revoked: bool = False
    seen_at: datetime | None = None

    def issue(self, wanted: TokenIssued, now: datetime) -> list[Fact]:
        """Raises ApiTokenExists, TokenImpossible, ScopeImpossible."""
        if self.issued is not None:
            raise ApiTokenExists(wanted.token_id)
        named = 0 < len(wanted.name.strip()) <= LONGEST_NAME and wanted.name.isprintable()
        if not named or (wanted.expires_at is not None and wanted.expires_at <= now):
            raise TokenImpossible
        if not set(wanted.rights) <= wanted.role.rights or len(wanted.chargers) > MOST_CHARGERS:
            raise ScopeImpossible
        return [wanted]

    def revoke(self, reason: str) -> list[Fact]:
        """Already so: no event. Raises ApiTokenUnknown."""
        if self.issued is None:
            raise ApiTokenUnknown
        return [] if self.revoked else [TokenRevoked(reason=reason)]

    def see(self, now: datetime) -> list[Fact]:
        """It was used; nothing is recorded where that is known of the last hour."""
        return [] if self.seen_at is not None and now - self.seen_at < SEEN_EVERY else [TokenSeen()]

    def opens(self, secret: str, now: datetime) -> bool:
        """Is this the secret, and does the token still hold? Takes the same time whatever is wrong."""
        kept = _NOBODYS if self.issued is None else self.issued.digest
        same = hmac.compare_digest(digest_of(self.stream, secret), kept)
        return same and self.holds(now)

    def holds(self, now: datetime) -> bool:
        """It was issued, not revoked, and its time is not over."""
        if self.issued is None or self.revoked:
            return False
        return self.issued.expires_at is None or now < self.issued.expires_at

    @property
    def role(self) -> Role:
        """What its holder is. Only of a token that holds."""
        if self.issued is None:
            raise ApiTokenUnknown
        return self.issued.role

    @property
    def rights(self) -> frozenset[Right]:
        """Those of the role, or the fewer that it was narrowed to. Only of a token that holds."""
        narrowed = frozenset(self.issued.rights) if self.issued is not None else frozenset()
        return self.role.rights & narrowed if narrowed else self.role.rights

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state, once; never refuses, never looks at a clock."""
        if event.originator_version <= self.version:
            return
        self.version = event.originator_version
        fact = event.fact
        if isinstance(fact, TokenIssued):
            self.issued = fact
        elif isinstance(fact, TokenRevoked):
            self.revoked = True
        elif isinstance(fact, TokenSeen):
            self.seen_at = event.told.recorded_at


def token_stream(tenant: str, token_id: str) -> str:
    """`api-token/<tenant>/<id>`."""
    return f"api-token/{tenant}/{token_id}"


def is_token_id(text: str) -> bool:
    """Could a token have this id?"""
    return _ID.fullmatch(text) is not None


def digest_of(stream: str, secret: str) -> str:
    """Hex of SHA-256 over both. The secret has 256 random bits: nothing is gained by hashing it slowly."""
    plain = f"zeus api token\0{stream}\0{secret}"
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def written(tenant: str, token_id: str, secret: str) -> str:
    """`zeus_<tenant>-<id>_<secret>`: whoever finds one in the wrong place knows what it is and whose."""
    return f"zeus_{tenant}-{token_id}_{secret}"


def taken_apart(text: str) -> Presented | None:
    """The parts of a token; None for what cannot be one."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != "zeus" or not parts[2]:
        return None
    tenant, _, token_id = parts[1].rpartition("-")
    return Presented(tenant, token_id, parts[2]) if is_slug(tenant) and is_token_id(token_id) else None
