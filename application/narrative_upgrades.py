"""Sentences for a higher security profile on its way to a charger."""

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from domain.chargers import profile_upgrade as upgrade
from domain.chargers.profile_upgrade import Stage
from domain.event import Fact


def _begun(fact: upgrade.ProfileUpgradeBegun) -> str:
    until = fact.until.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return (
        f"It is to come with security profile {fact.security_profile}; until it does, and until {until} at the "
        "latest, the present one is good too."
    )


_STAGES: Mapping[Stage, str] = {
    Stage.BEGUN: "It is being led to the higher security profile.",
    Stage.CHECKED: "It can be asked for the higher security profile.",
    Stage.STORED: "It stored the network profile of the higher security profile, and does not use it yet.",
    Stage.ACCEPTED: "It agreed to come with the higher security profile.",
    Stage.UNANSWERED: "It did not say whether it will come with the higher security profile.",
    Stage.RESTART_ASKED: "It was asked to restart with the higher security profile.",
}

UPGRADES: Mapping[type[Fact], Callable[[Any], str]] = {
    upgrade.ProfileUpgradeBegun: _begun,
    upgrade.ProfileUpgradeAdvanced: lambda f: _STAGES[f.stage],
    upgrade.ProfileUpgradeAdopted: lambda f: (
        f"It came with security profile {f.security_profile}; a weaker one is refused from now on."
    ),
    upgrade.ProfileUpgradeEnded: lambda f: (
        f"It stays without security profile {f.security_profile}: {f.why}."
    ),
    upgrade.ProfileFellBack: lambda f: (
        f"It had agreed to security profile {f.wanted} and came with {f.security_profile}."
    ),
}
"""A part of `narrative.SENTENCES`."""
