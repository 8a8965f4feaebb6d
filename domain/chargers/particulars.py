"""What an operator may say of a charger, and what follows from it: pure decisions on the aggregate."""

from datetime import datetime

import msgspec

from domain.chargers.charger import Charger
from domain.chargers.credentials import OFFERS, Credential, CredentialOffersUnsettled
from domain.chargers.events import Acceptance, AcceptanceDecided, SecurityProfileChosen
from domain.chargers.networks import NetworksNeeded, networks_of
from domain.chargers.provisioning import (
    ConnectorPlan,
    ConnectorsDescribed,
    CredentialAdopted,
    CredentialOffered,
    CredentialWithdrawn,
    Disabled,
    Enabled,
    ModelProfileChosen,
    NetworksAllowed,
    Placed,
    Renamed,
    Retired,
    Standing,
    digest_of_connectors,
)
from domain.event import Fact

PROFILES = (0, 1, 2, 3)
"""Security profiles that can be chosen."""
WITH_PASSWORD = (1, 2)


class ProfileUnknown(ValueError):
    """Choose security profile 0 (open), 1 (password), 2 (password over TLS) or 3 (certificate)."""


class DowngradeWithoutReason(ValueError):
    """A weaker security profile opens the door wider: say why (`downgrade_reason`), it is recorded."""


class PasswordNeeded(ValueError):
    """The charger has no password yet, and this security profile asks for one: issue it first."""


class ChargerRetired(Exception):
    """The charger is retired: nothing about it changes any more, unless its id is registered anew."""


class Particulars(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change; None leaves a thing as it is, empty takes it away."""

    name: str | None = None
    site: str | None = None
    node: str | None = None
    model_profile: str | None = None
    connectors: tuple[ConnectorPlan, ...] | None = None
    security_profile: int | None = None
    downgrade_reason: str = ""
    networks: tuple[str, ...] | None = None
    """Where it may come from on profile 0."""
    standing: Standing | None = None
    reason: str = ""
    """Why it is disabled or retired."""


NOTHING_SAID = Particulars()


def describe(charger: Charger, wanted: Particulars) -> list[Fact]:
    """The facts that lead to what is wanted; none where it is so already.

    Raises ChargerRetired, ProfileUnknown, DowngradeWithoutReason, PasswordNeeded, NetworkInvalid, NetworksNeeded.
    """
    facts = [
        *_description(charger, wanted),
        *choose_profile(charger, wanted.security_profile, wanted.downgrade_reason),
        *allow_networks(charger, wanted),
        *stand(charger, wanted.standing, wanted.reason),
    ]
    if facts and charger.standing is Standing.RETIRED:
        raise ChargerRetired(charger.cpid)
    return facts


def allow_networks(charger: Charger, wanted: Particulars) -> list[Fact]:
    """Say where it may come from; on profile 0 from somewhere, and not from everywhere by default (SEC-01)."""
    networks = charger.networks if wanted.networks is None else networks_of(wanted.networks)
    profile = charger.security_profile if wanted.security_profile is None else wanted.security_profile
    concerned = wanted.networks is not None or profile != charger.security_profile
    if profile == 0 and not networks and concerned:
        raise NetworksNeeded(charger.cpid)
    return [] if networks == charger.networks else [NetworksAllowed(networks)]


def choose_profile(charger: Charger, profile: int | None, downgrade_reason: str) -> list[Fact]:
    """Pin another security profile: a stronger one freely, a weaker one with a reason (A05.FR.09)."""
    if profile is None or profile == charger.security_profile:
        return []
    if profile not in PROFILES:
        raise ProfileUnknown(str(profile))
    if profile < charger.security_profile and not downgrade_reason.strip():
        raise DowngradeWithoutReason(charger.cpid)
    if profile in WITH_PASSWORD and charger.credential is None:
        raise PasswordNeeded(charger.cpid)
    why = downgrade_reason.strip() if profile < charger.security_profile else ""
    return [SecurityProfileChosen(profile, why)]


def stand(charger: Charger, standing: Standing | None, reason: str) -> list[Fact]:
    """Disable, enable or retire it."""
    if standing is None or standing is charger.standing:
        return []
    if standing is Standing.ACTIVE:
        return [Enabled()]
    return [Disabled(reason) if standing is Standing.DISABLED else Retired(reason)]


def hold_until(moment: datetime) -> AcceptanceDecided:
    """The next boot is Accepted if it comes by then, and Pending after that."""
    return AcceptanceDecided(Acceptance.PENDING, moment)


def offer(charger: Charger, credential: Credential) -> list[Fact]:
    """A new password goes to the charger. Raises ChargerRetired, CredentialOffersUnsettled."""
    if charger.standing is Standing.RETIRED:
        raise ChargerRetired(charger.cpid)
    if len(charger.offered) >= OFFERS:
        raise CredentialOffersUnsettled(charger.cpid)
    return [CredentialOffered(credential_id=credential.id, salt=credential.salt, digest=credential.digest)]


def adopt(charger: Charger, credential_id: str) -> list[Fact]:
    """The charger said Accepted; late news of an offer that was settled changes nothing."""
    if not charger.keyring.offers(credential_id):
        return []
    return [CredentialAdopted(credential_id=credential_id)]


def withdraw(charger: Charger, credential_id: str, reason: str) -> list[Fact]:
    """The charger refused it, or it was never sent; late news of an offer that was settled changes nothing."""
    if not charger.keyring.offers(credential_id):
        return []
    return [CredentialWithdrawn(credential_id=credential_id, reason=reason)]


def _description(charger: Charger, wanted: Particulars) -> list[Fact]:
    facts: list[Fact] = []
    if wanted.name is not None and wanted.name != charger.name:
        facts.append(Renamed(wanted.name))
    site = charger.site if wanted.site is None else wanted.site
    node = charger.node if wanted.node is None else wanted.node
    if (site, node) != (charger.site, charger.node):
        facts.append(Placed(site=site, node=node))
    if wanted.model_profile is not None and wanted.model_profile != charger.model_profile:
        facts.append(ModelProfileChosen(wanted.model_profile))
    connectors = wanted.connectors
    if connectors is not None and digest_of_connectors(connectors) != charger.connectors_digest:
        facts.append(ConnectorsDescribed(connectors))
    return facts
