"""The rows about charging profiles."""

from adapters.http.access import Right
from adapters.http.action import STORING, Action
from adapters.http.api import charging_profiles, composite_schedule
from adapters.http.api.command_routes import ASKING
from adapters.http.api.commands import COMMANDING
from adapters.http.api.control import PlainQuery
from adapters.http.route import Route

PROFILE_ROUTES: tuple[Route | Action, ...] = (
    Action(
        method="GET",
        path="/chargers/{cpid}/charging-profiles",
        summary="Charging profiles that are wanted of a charger, and those it holds",
        handler=charging_profiles.show_charging_profiles,
        query=charging_profiles.ChargingProfilesQuery,
        response=charging_profiles.KnownProfiles,
        right=Right.READ,
        errors=("not_found", *STORING),
    ),
    Action(
        method="POST",
        path="/chargers/{cpid}/charging-profiles",
        summary="Limit how much a charger draws",
        handler=charging_profiles.set_charging_profile,
        query=PlainQuery,
        body=charging_profiles.NewProfileBody,
        response=charging_profiles.ProfileAnswer,
        right=Right.OPERATE,
        statuses=(200, 202),
        errors=("load_limit", *ASKING),
        largest_body=256 * 1024,
        command=True,
    ),
    Action(
        method="DELETE",
        path="/chargers/{cpid}/charging-profiles",
        summary="Lift limits again",
        handler=charging_profiles.clear_charging_profiles,
        query=charging_profiles.ClearQuery,
        response=charging_profiles.Cleared,
        right=Right.OPERATE,
        statuses=(200, 202),
        errors=ASKING,
        command=True,
    ),
    Action(
        method="GET",
        path="/chargers/{cpid}/connectors/{n}/composite-schedule",
        summary="The limit that all profiles make, as the charger says and as we compute it",
        handler=composite_schedule.composite_schedule,
        query=composite_schedule.CompositeQuery,
        response=composite_schedule.BothSchedules,
        right=Right.READ,
        statuses=(200, 202),
        errors=COMMANDING,
        command=True,
    ),
)
"""Charging profiles."""
