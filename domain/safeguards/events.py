"""Facts of what was held up because it was too much: an address at the API, one person's commands to many chargers."""

from domain.event import Fact


class AddressHeld(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """So many requests without a good token came from an address that it has to wait."""

    TOPIC = "api.address_held"
    remote: str
    """The address; an IPv6 network of /64 is one."""
    wait_s: int
    strikes: int = 0
    """How many times in a row before this one; each time the wait is twice as long."""


class MassCommandsRefused(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody asked more chargers in a short time for something that takes power away than one may; who, is the actor.

    Written at the first refusal, and once a minute while it goes on.
    """

    TOPIC = "commands.mass_refused"
    charger: str
    """The first one that was not asked."""
    what: str
    """What was wanted of it."""
    per_min: int
    """How many different chargers a minute one may ask."""
    wait_s: int
    """So long until the next one may be asked."""
