"""A higher security profile on its way to a charger (A05): the facts, and how far it came.

It is like a new password: from the moment the charger is asked, nobody knows for a while what it will come with. So
it is let in by the higher profile and by the present one, for a bounded time, until it came by the higher one.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.event import Fact


class Stage(StrEnum):
    """How far the charger was led, in the order of the way."""

    BEGUN = "begun"
    CHECKED = "checked"
    """It has a root certificate to know us by, or it was not asked."""
    STORED = "stored"
    """2.x: the network profile is in its slot, and not in use."""
    ACCEPTED = "accepted"
    """It said that it will come with the higher profile."""
    UNANSWERED = "unanswered"
    """Nobody knows what it made of the question: it may come with the higher profile."""
    RESTART_ASKED = "restart_asked"


SETTLED_BY_COMING = frozenset({Stage.ACCEPTED, Stage.UNANSWERED, Stage.RESTART_ASKED})
"""What it comes with next tells what it made of it."""


class UpgradeFact(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Every fact of an upgrade names it; the stream is the charger's."""

    upgrade_id: str


class ProfileUpgradeBegun(UpgradeFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger is to come with a higher security profile; until it did, the present one is good too."""

    TOPIC = "charger.profile_upgrade_begun"
    security_profile: int
    until: datetime
    """From then on only the present profile counts, and the charger is not asked any more."""
    check_root: bool = False
    """Ask first whether it has a root certificate to know us by (A05.FR.03)."""
    slot: int = 0
    """2.x: where the network profile goes."""
    url: str = ""
    """2.x: the address in it, without the charger's id."""
    interface: str = ""
    priority: tuple[int, ...] = ()
    """2.x: NetworkConfigurationPriority as it is to be, the new slot first."""


class ProfileUpgradeAdvanced(UpgradeFact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger was led one step further."""

    TOPIC = "charger.profile_upgrade_advanced"
    stage: Stage
    restart: bool = False
    """With `accepted`: it takes a restart."""


class ProfileUpgradeAdopted(UpgradeFact, frozen=True, kw_only=True):
    """The charger came with the higher profile: a lower one is refused from now on (A05.FR.09, 2.x A05.FR.07)."""

    TOPIC = "charger.profile_upgrade_adopted"
    security_profile: int


class ProfileUpgradeEnded(UpgradeFact, frozen=True, kw_only=True):
    """The upgrade came to nothing: the present profile stays, and it alone is good."""

    TOPIC = "charger.profile_upgrade_ended"
    security_profile: int
    """The one that it was to come with."""
    why: str


class ProfileFellBack(UpgradeFact, frozen=True, kw_only=True):
    """The charger had agreed to a higher profile and came with the former one (A05.FR.08)."""

    TOPIC = "charger.profile_fell_back"
    security_profile: int
    """What it came with."""
    wanted: int
    """What it was to come with."""


class Upgrade(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The upgrade that a charger was asked for last."""

    begun: ProfileUpgradeBegun
    stage: Stage = Stage.BEGUN
    at: datetime | None = None
    """When it came to that stage."""
    restart: bool = False
    connection: str = ""
    """The one over which it came to that stage: once it is gone, the next one tells."""
    fell_back: bool = False
    ended: str = ""
    """Why it is over; empty while it is not."""

    @property
    def security_profile(self) -> int:
        """The profile that the charger is to come with."""
        return self.begun.security_profile

    @property
    def adopted(self) -> bool:
        """Did the charger come with it?"""
        return self.ended == ADOPTED

    def under_way(self, now: datetime) -> bool:
        """Is the charger let in by the higher profile too?"""
        return not self.ended and now < self.begun.until

    def advanced(self, fact: ProfileUpgradeAdvanced, at: datetime, connection: str) -> "Upgrade":
        """One step further."""
        restart = self.restart or fact.restart
        return msgspec.structs.replace(self, stage=fact.stage, restart=restart, at=at, connection=connection)

    def on_coming(self, charger: int, came: int) -> list[Fact]:
        """What it means that the charger, whose profile is `charger`, comes with the profile `came`."""
        name = self.begun.upgrade_id
        if self.ended:
            return []
        if charger < came == self.security_profile:
            return [ProfileUpgradeAdopted(upgrade_id=name, security_profile=came)]
        if self.stage in SETTLED_BY_COMING and not self.fell_back:
            fell = ProfileFellBack(upgrade_id=name, security_profile=came, wanted=self.security_profile)
            return [fell]
        return []


ADOPTED = "adopted"
"""How an upgrade is over that went well."""
CANCELLED = "it was cancelled"
"""How one is over that an operator gave up."""
