"""Facts of a mirror; on `mirror/<tenant>/<name>`. What it found is no fact of a charger's, and stands in tables."""

from domain.event import Fact


class MirrorBegun(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody, the actor, has traffic of chargers said again to another system from now on."""

    TOPIC = "mirror.begun"
    url: str
    """Where; the charge point id follows."""
    chargers: tuple[str, ...] = ()
    """Their keys; empty: every charger of the tenant."""
    after: int
    """The place in the log behind which it begins, or goes on."""
    revealed: bool = False
    """Id tokens are said as they are; otherwise as names that stand for them."""
    reason: str = ""


class MirrorEnded(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Nothing more is said; the figures are those of the mirror since it was first begun."""

    TOPIC = "mirror.ended"
    upto: int
    """The place in the log up to which everything was said; the next run goes on behind it."""
    sent: int = 0
    same: int = 0
    differing: int = 0
    unanswered: int = 0
    not_said: int = 0
    """Messages of chargers that were not let in there, and those that could not be said at all."""


class MirrorForgotten(Fact, frozen=True):
    """Somebody had what it found, and how far it was, deleted; under its name another can begin."""

    TOPIC = "mirror.forgotten"
