"""Who is asking: the port that turns a credential into a caller, and its first adapter, one token."""

import hmac
import logging
from datetime import datetime
from hashlib import sha256
from typing import Protocol

import msgspec

from application.session_door import Person
from domain.tenants.roles import Right as Right
from domain.tenants.roles import Role

log = logging.getLogger("zeus.http")


class Caller(msgspec.Struct, frozen=True):
    """Somebody whose credential was good. The tenant comes from here and from nowhere else."""

    tenant: str
    name: str
    """For the log and the audit trail, such as `key:console`; never the credential itself."""
    rights: frozenset[Right]
    role: str = ""
    """Such as `operator`; empty where the rights were given one by one."""
    label: str = ""
    """What the credential is called by people."""
    expires_at: datetime | None = None
    """When the credential ends; None: never."""
    cause: str = ""
    """The id of the request: the cause of what is written for it."""
    person: Person | None = None
    """Somebody who signed in; None behind a token."""
    chargers: frozenset[str] = frozenset()
    """The keys of the only chargers that it is good for; empty: it is good for whatever the rights say."""


ANYONE = Caller("-", "anyone", frozenset())
"""Whoever knocks where nobody has to show a credential."""


class Access(Protocol):
    """Knows credentials."""

    async def caller(self, authorization: str | None) -> Caller | None:
        """The caller behind an `Authorization` header; None for no, an unknown or an unreadable one.

        Takes the same time whatever is wrong with the credential.
        """
        ...


class TokenMissing(ValueError):
    """The API needs a token; make one with `openssl rand -base64 32`, or unset it to have one made up."""


class OneToken:
    """The token of the settings: whoever has it runs the installation, and acts for its first tenant."""

    LONG_ENOUGH = 24

    def __init__(self, tenant: str, token: str, name: str = "key:settings") -> None:
        """A short token is a choice for a laptop and gets a warning; an empty one raises TokenMissing."""
        if not token.strip():
            raise TokenMissing("the API token is empty: unset ZEUS_API_TOKEN to have one made up")
        if len(token) < self.LONG_ENOUGH:
            log.warning(
                "the API token has %d characters and can be guessed: use %d", len(token), self.LONG_ENOUGH
            )
        self._digest = sha256(token.encode()).digest()
        admin = Role.PLATFORM_ADMIN
        self._caller = Caller(tenant, name, admin.rights, admin, "token of the settings")

    async def caller(self, authorization: str | None) -> Caller | None:
        """See the port."""
        presented = bearer_token(authorization)
        good = hmac.compare_digest(sha256(presented.encode("utf-8", "surrogatepass")).digest(), self._digest)
        return self._caller if good and presented else None


def bearer_token(authorization: str | None) -> str:
    """The token of `Bearer <token>` (RFC 6750 §2.1, the scheme in any case); empty for anything else."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
