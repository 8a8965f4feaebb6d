"""Facts of a webhook; on `webhook/<tenant>/<id>`."""

from datetime import datetime

from domain.event import Fact


class WebhookDefined(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Messages are delivered there from now on; told again, what is wanted is another."""

    TOPIC = "webhook.defined"
    url: str
    name: str = ""
    types: tuple[str, ...] = ()
    """Names or globs of messages; empty: all but frames."""
    chargers: tuple[str, ...] = ()
    """Keys of chargers; empty: all."""
    meter: str = "coalesced"
    """Readings of a connector once a second at most (`coalesced`), `every` one, or `none`."""
    from_beginning: bool = False
    """It begins with all that is kept, not with what comes."""


class WebhookSecretRotated(Fact, frozen=True, kw_only=True):
    """Deliveries are signed with a new secret, and until then with the former one as well.

    The secret itself is made of the installation's own and of this number: it is nowhere kept.
    """

    TOPIC = "webhook.secret_rotated"
    generation: int
    former_until: datetime


class WebhookPaused(Fact, frozen=True, omit_defaults=True):
    """Nothing is delivered until it is resumed; nothing is lost."""

    TOPIC = "webhook.paused"
    reason: str = ""


class WebhookResumed(Fact, frozen=True):
    """Deliveries go on where they were."""

    TOPIC = "webhook.resumed"


class WebhookDisabled(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Nobody took what was delivered for days: not tried again until it is resumed."""

    TOPIC = "webhook.disabled"
    failing_since: datetime
    why: str
    """What came of the last try."""


class WebhookRemoved(Fact, frozen=True, omit_defaults=True):
    """Nothing is delivered there any more, for good."""

    TOPIC = "webhook.removed"
    reason: str = ""
