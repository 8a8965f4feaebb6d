"""Facts of tenants and of the tokens by which programs act for them."""

from datetime import datetime

from domain.event import Fact
from domain.tenants.roles import Right, Role


class Founded(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """There is a tenant of this slug."""

    TOPIC = "tenant.founded"
    slug: str
    name: str = ""


class Suspended(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Nobody acts for the tenant and no charger of it is let in until it is resumed."""

    TOPIC = "tenant.suspended"
    reason: str = ""


class Resumed(Fact, frozen=True):
    """The tenant is served again."""

    TOPIC = "tenant.resumed"


class TokenIssued(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A token for the API was made; it was shown to whoever asked for it, once."""

    TOPIC = "api_token.issued"
    token_id: str
    name: str
    role: Role
    digest: str
    """Hex of SHA-256 over the stream and the secret: of no use elsewhere, and no way back to the secret."""
    expires_at: datetime | None = None
    rights: tuple[Right, ...] = ()
    """The only ones of the role that it has; empty: all of them."""
    chargers: tuple[str, ...] = ()
    """The keys of the only chargers that it is good for; empty: all, and what is about no charger."""


class TokenRevoked(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The token opens nothing any more, for good."""

    TOPIC = "api_token.revoked"
    reason: str = ""


class TokenSeen(Fact, frozen=True):
    """The token was used; recorded at most once an hour, so that reading does not write."""

    TOPIC = "api_token.seen"


class AllTenantsEntered(Fact, frozen=True, kw_only=True):
    """A process began to work over the rows of every tenant, as the one database role that may."""

    TOPIC = "crossing.begun"
    purpose: str
    role: str
    host: str
    pid: int
