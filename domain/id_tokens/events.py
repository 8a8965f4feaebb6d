"""Facts of an id token."""

from datetime import datetime

from domain.event import Fact
from domain.identity import IdToken, PersonalText, TokenText


class Issued(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """An operator made the token known, or described it anew."""

    TOPIC = "id_token.issued"
    id_token: IdToken
    group: TokenText = ""
    """The parent (1.6) or group (2.x) token; members may stop each other's transactions."""
    label: PersonalText = ""
    expires_at: datetime | None = None
    max_active: int | None = None
    """How many transactions it may have at once; None: any number."""


class Blocked(Fact, frozen=True, omit_defaults=True):
    """The token may no longer charge."""

    TOPIC = "id_token.blocked"
    reason: PersonalText = ""


class Unblocked(Fact, frozen=True):
    """The token may charge again."""

    TOPIC = "id_token.unblocked"


class TakenUp(Fact, frozen=True):
    """A transaction began on a token with a limit."""

    TOPIC = "id_token.taken_up"
    transaction: str


class GivenBack(Fact, frozen=True):
    """A transaction on a token with a limit is over."""

    TOPIC = "id_token.given_back"
    transaction: str
