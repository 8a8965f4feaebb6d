"""Facts about what operators say of a charger: its place and parts, whether it may come, passwords on offer."""

import hashlib
from decimal import Decimal
from enum import StrEnum

import msgspec

from domain.chargers.events import AcceptanceDecided, CredentialIssued, Registered, SecurityProfileChosen
from domain.chargers.profile_upgrade import ProfileUpgradeAdopted
from domain.event import Fact


class Standing(StrEnum):
    """May the charger come at all? Nothing is ever deleted: what is gone for good is retired."""

    ACTIVE = "active"
    DISABLED = "disabled"
    RETIRED = "retired"


class Renamed(Fact, frozen=True):
    """The charger has another name for people."""

    TOPIC = "charger.renamed"
    name: str


class Placed(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger belongs to a site, and there to a node of its wiring; both empty: to none."""

    TOPIC = "charger.placed"
    site: str = ""
    node: str = ""


class ModelProfileChosen(Fact, frozen=True):
    """An operator chose whose quirks and templates the charger is to be treated by; empty: what it boots as."""

    TOPIC = "charger.model_profile_chosen"
    model_profile: str


class ConnectorPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A connector as its operator knows it, whatever the charger reports."""

    connector_id: int
    """1.6 connector n: EVSE n, connector 1."""
    plug: str = ""
    """Such as `Type2`, `Type2 tethered`, `CCS2`."""
    max_a: Decimal | None = None
    """What the fuse and the cable allow for each phase."""
    phases: int | None = None
    """1 to 3; None: not known."""


class ConnectorsDescribed(Fact, frozen=True):
    """The connectors of the charger, all of them."""

    TOPIC = "charger.connectors_described"
    connectors: tuple[ConnectorPlan, ...]


class NetworksAllowed(Fact, frozen=True):
    """Without a password, the charger may come from these networks and no others; none: from nowhere."""

    TOPIC = "charger.networks_allowed"
    networks: tuple[str, ...]
    """Address and length, such as `10.20.0.0/16`."""


class Disabled(Fact, frozen=True, omit_defaults=True):
    """The charger is refused until it is enabled again."""

    TOPIC = "charger.disabled"
    reason: str = ""


class Enabled(Fact, frozen=True):
    """The charger may come again."""

    TOPIC = "charger.enabled"


class Retired(Fact, frozen=True, omit_defaults=True):
    """The charger is gone for good: refused until somebody registers its id anew."""

    TOPIC = "charger.retired"
    reason: str = ""


class CredentialOffered(Fact, frozen=True, kw_only=True):
    """A new password is on its way to the charger; until that is settled the former one is valid too."""

    TOPIC = "charger.credential_offered"
    credential_id: str
    salt: str
    digest: str
    """Hex of HMAC-SHA-256(salt, password)."""


class CredentialAdopted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger uses an offered password: it alone is valid from now on, and what was offered after it."""

    TOPIC = "charger.credential_adopted"
    credential_id: str
    by_login: bool = False
    """It logged in with it; else it said Accepted (A01.FR.03)."""


class CredentialWithdrawn(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """An offered password never became valid at the charger and is refused again (A01.FR.04)."""

    TOPIC = "charger.credential_withdrawn"
    credential_id: str
    reason: str = ""


def digest_of_connectors(connectors: tuple[ConnectorPlan, ...]) -> str:
    """16 hex digits that differ when the description does; empty for none."""
    if not connectors:
        return ""
    return hashlib.blake2s(msgspec.json.encode(connectors), digest_size=8).hexdigest()


REVISING: frozenset[type[Fact]] = frozenset(
    {
        Registered,
        CredentialIssued,
        SecurityProfileChosen,
        ProfileUpgradeAdopted,
        AcceptanceDecided,
        Renamed,
        Placed,
        ModelProfileChosen,
        ConnectorsDescribed,
        NetworksAllowed,
        Disabled,
        Enabled,
        Retired,
    }
)
"""Facts that change what an operator may have looked at before deciding: `If-Match` compares with these."""
