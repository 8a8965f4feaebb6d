"""`/chargers/{cpid}/profile-upgrade`: a charger is led to a higher security profile over OCPP (A05)."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from adapters.http.action import Answered, Doing, NoBody
from adapters.http.api.commands import problem_of
from adapters.http.api.control import PlainQuery
from adapters.http.problems import Fault, Problem, invalid, not_found
from adapters.http.route import Body, Shape
from adapters.http.services import Services
from application.fleet import FleetUnavailable
from application.registry import ChargerUnknown
from domain.chargers.charger import Charger
from domain.chargers.particulars import ChargerRetired
from domain.chargers.profile_upgrade import CANCELLED
from domain.desired_state.upgrade_step import (
    UNMET,
    NetworkProfileIncomplete,
    NoUpgradeUnderWay,
    UpgradeUnderWay,
    WantedUpgrade,
)
from domain.identity import InvalidChargerId


class NewUpgrade(Body):
    """Which profile, for how long to wait, and for 2.x where to put it."""

    security_profile: int = Field(ge=1, le=3, description="1 password, 2 password over TLS, 3 certificate.")
    within_hours: float = Field(
        24, gt=0, le=720, description="So long both profiles are good; then the present one alone."
    )
    knows_us: bool = Field(
        False, description="The charger trusts our certificate: do not ask for its root certificates first."
    )
    slot: int | None = Field(
        None, ge=0, le=99, description="2.x: the slot to use; left out, the first that is not in use."
    )
    url: str = Field(
        "",
        max_length=512,
        description="2.x: where it is to connect, without its id; left out, as on its card if that is https.",
    )
    interface: str = Field(
        "", max_length=20, description="2.x: such as `Wired0`; left out, that of the slot in use, as told."
    )


class UpgradeState(Shape):
    """How far the charger came."""

    cpid: str
    security_profile: int = Field(description="The one it is pinned to.")
    state: Literal["none", "under_way", "fell_back", "adopted", "ended"]
    wanted: int | None = Field(description="The profile it was asked to.")
    stage: str | None = Field(
        description="`begun`, `checked`, `stored`, `accepted`, `unanswered` or `restart_asked`."
    )
    until: datetime | None
    why: str | None = Field(description="Why it came to nothing.")


async def begin_upgrade(doing: Doing[PlainQuery, NewUpgrade]) -> Answered:
    """The charger is asked in its own words, now or when it connects; until it comes with the higher profile it is let
    in with the present one too. A weaker one is chosen by describing the charger, with a reason."""
    services: Services = doing.services
    body, cpid, caller = doing.body, doing.path["cpid"], doing.caller
    upgrades = services.upgrades(caller)
    wanted = WantedUpgrade(
        security_profile=body.security_profile,
        until=doing.now + timedelta(hours=body.within_hours),
        knows_us=body.knows_us,
        slot=body.slot,
        url=body.url or _address(doing, services),
        interface=body.interface,
    )
    try:
        charger = await upgrades.begin(cpid, wanted)
        await services.notify(charger.id, Services.WANTED)
    except (ChargerUnknown, InvalidChargerId) as error:
        raise not_found() from error
    except FleetUnavailable as error:
        raise problem_of(error) from error
    except (ChargerRetired, UpgradeUnderWay, *UNMET) as error:
        raise _in_problem(error) from error
    return Answered(state_of(charger, doing.now), 202)


async def one_upgrade(doing: Doing[PlainQuery, NoBody]) -> Answered | None:
    """What became of the newest one."""
    services: Services = doing.services
    try:
        charger, now = await services.upgrades(doing.caller).current(doing.path["cpid"])
    except InvalidChargerId:
        return None
    return Answered(state_of(charger, now)) if charger.registered else None


async def cancel_upgrade(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """Only the present profile is good from now on. A charger that has agreed already may come in vain."""
    services: Services = doing.services
    try:
        charger = await services.upgrades(doing.caller).cancel(doing.path["cpid"], CANCELLED)
    except (ChargerUnknown, InvalidChargerId, NoUpgradeUnderWay) as error:
        raise not_found() from error
    return Answered(state_of(charger, doing.now))


def state_of(charger: Charger, now: datetime) -> UpgradeState:
    """The charger's upgrade as it is shown."""
    upgrade = charger.upgrade
    if upgrade is None:
        return UpgradeState(
            cpid=charger.cpid,
            security_profile=charger.security_profile,
            state="none",
            wanted=None,
            stage=None,
            until=None,
            why=None,
        )
    state: Literal["under_way", "fell_back", "adopted", "ended"] = "ended"
    if upgrade.adopted:
        state = "adopted"
    elif upgrade.under_way(now):
        state = "fell_back" if upgrade.fell_back else "under_way"
    return UpgradeState(
        cpid=charger.cpid,
        security_profile=charger.security_profile,
        state=state,
        wanted=upgrade.security_profile,
        stage=upgrade.stage,
        until=upgrade.begun.until,
        why=(upgrade.ended or "its time is over") if state == "ended" else None,
    )


def words_of(error: Exception) -> str:
    """What the operator is told."""
    return " ".join((type(error).__doc__ or "").split())


def _address(doing: Doing[PlainQuery, NewUpgrade], services: Services) -> str:
    """Empty where TLS is wanted and nobody knows by which address this server is reached with it."""
    profile, origin = doing.body.security_profile, doing.origin
    if profile > 1 and not origin.startswith("https:"):
        return ""
    return services.cards(doing.caller).base(origin, profile)


def _in_problem(error: Exception) -> Problem:
    match error:
        case ChargerRetired():
            return Problem("retired", words_of(error))
        case UpgradeUnderWay():
            return Problem("busy", words_of(error))
        case NetworkProfileIncomplete():
            return invalid(Fault("slot", words_of(error)))
        case _:
            return invalid(Fault("security_profile", words_of(error)))
