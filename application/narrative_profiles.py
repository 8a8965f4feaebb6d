"""Sentences for what becomes of charging profiles that are wanted of a charger."""

from collections.abc import Callable, Mapping
from typing import Any

from application.phrasing import amount, joined, place
from domain.charging_profiles import events as charging_profile
from domain.charging_profiles.events import Ending, Origin
from domain.charging_profiles.profile import ChargingProfile
from domain.event import Fact

_WHO = {
    Origin.OPERATOR: "An operator",
    Origin.DLM: "Load management",
    Origin.TARIFF: "A tariff",
}
_WHY = {
    Ending.TRANSACTION_ENDED: "its transaction has ended",
    Ending.EXPIRED: "its validity is over",
}


def _wanted(fact: charging_profile.Wanted) -> str:
    return f"{_WHO[fact.origin]} wants {_profile(fact.profile)} for {_where(fact.evse_id)}."


def _installed(fact: charging_profile.Installed) -> str:
    late = ", which is no longer wanted like that" if fact.outdated else ""
    return f"Took {_profile(fact.profile)} for {_where(fact.evse_id)}{late}."


def _refused(fact: charging_profile.Refused) -> str:
    why = joined(fact.status, fact.reason)
    return f"Refused profile {fact.profile_id}{' (' + why + ')' if why else ''}."


def _cleared(fact: charging_profile.Cleared) -> str:
    return f"No longer holds profile {fact.profile_id}{_instead(fact.replaced_by)}."


def _instead(replaced_by: int | None) -> str:
    return "" if replaced_by is None else f": profile {replaced_by} took its place"


def _profile(profile: ChargingProfile) -> str:
    """Which it is, and the first of its limits."""
    limits = [
        f"{amount(period.limit)} {schedule.unit}"
        for schedule in profile.schedules
        for period in schedule.periods
    ]
    more = f" and {len(limits) - 1} more" if len(limits) > 1 else ""
    said = f": {limits[0]}{more}" if limits else ""
    return f"profile {profile.profile_id} ({profile.purpose}, level {profile.stack_level}{said})"


def _where(evse_id: int) -> str:
    return "the charger" if evse_id == 0 else place(evse_id, 0)


PROFILES: Mapping[type[Fact], Callable[[Any], str]] = {
    charging_profile.Wanted: _wanted,
    charging_profile.Installed: _installed,
    charging_profile.Refused: _refused,
    charging_profile.Withdrawn: lambda f: (
        f"Profile {f.profile_id} is no longer wanted{_instead(f.replaced_by)}."
    ),
    charging_profile.Cleared: _cleared,
    charging_profile.ClearingRefused: lambda f: (
        f"Cannot drop profile {f.profile_id} ({joined(f.status, f.reason)}); it is asked no more."
    ),
    charging_profile.Lapsed: lambda f: f"Profile {f.profile_id} is over: {_WHY[f.why]}.",
    charging_profile.Lost: lambda f: f"Does not hold profile {f.profile_id}; it is to be installed again.",
}
