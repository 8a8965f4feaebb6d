"""`/chargers/{cpid}/charging-profiles`: limits that are wanted of a charger, and those it holds."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import Field

from adapters.http.action import Answered, Doing
from adapters.http.api.commands import (
    CommandShape,
    asked,
    check_answered,
    location_of,
)
from adapters.http.api.commands import shape_of as command_shape
from adapters.http.api.control import REASON
from adapters.http.api.profile_body import ProfileBody, profile_of
from adapters.http.api.profile_shapes import ProfileShape, shown
from adapters.http.api.wishes import address_of, come_true, the_charger
from adapters.http.problems import Fault, Problem, invalid
from adapters.http.route import Body, Query, Shape
from adapters.http.services import Services
from application import clock
from application.charging_profiles import NoSuchProfile, ProfileBreaksRules
from domain.charging_profiles.book import Ack, Book, Criteria
from domain.charging_profiles.profile import ChargingProfile, Purpose
from domain.commands.command import Command
from domain.commands.intent import Verdict
from domain.commands.load import ClearChargingProfile, SetChargingProfile

V10 = "V10"
"""The rule about the site."""


class ChargingProfilesQuery(Query):
    """Takes no parameters."""


class ClearQuery(Query):
    """Which profiles: by `id`, by all that is given of the next three, or `all` of them."""

    id: int | None = Field(None, ge=1, le=2_147_483_647)
    connector: int | None = Field(None, ge=0, le=999, description="The EVSE; 0: those of the charger itself.")
    purpose: Purpose | None = None
    stack: int | None = Field(None, ge=0, le=2_147_483_647)
    all: bool = Field(False, description="Must be said where nothing else is.")


class NewProfileBody(Body):
    """A profile and its place."""

    connector: int = Field(
        ge=0, le=999, description="The EVSE; 0: the charger, or (TxDefaultProfile) each EVSE."
    )
    profile: ProfileBody
    lasting: bool = Field(
        True, description="Stays wanted: installed when the charger returns, and again where it lost it."
    )
    reason: str = REASON


class ProfileAnswer(Shape):
    """What became of the wish."""

    profile_id: int
    state: str = Field(description="`installed`, `refused` or `pending`.")
    status: str | None = Field(description="The charger's word, where it was asked: `Accepted`, `Rejected` …")
    reason: str
    lasting: bool
    command: CommandShape | None = Field(description="Only where it is not lasting.")


class KnownProfile(Shape):
    """A profile that is wanted, held, or both."""

    profile: ProfileShape = Field(description="As wanted; where it is not, as held.")
    status: str | None = Field(description="The charger's word to a refusal.")
    reason: str
    state: str = Field(
        description="`pending`, `installed`, `refused`; of what is not wanted `held`, or `doubtful`: it may be there."
    )
    wanted: bool
    origin: str | None = Field(description="`operator`, `dlm` or `tariff`; null: not wanted.")
    held: bool = Field(description="The charger took it and has not dropped it, as far as we know.")
    plain: bool = Field(description="Held, and never wanted for good.")
    stuck: bool = Field(description="Held, and the charger cannot drop it.")
    since: datetime | None = Field(description="When the charger took it.")


class KnownProfiles(Shape):
    """The profiles of a charger."""

    items: list[KnownProfile]


class Cleared(Shape):
    """What became of them."""

    withdrawn: list[int] = Field(description="No longer wanted, by id.")
    pending: list[int] = Field(description="Of these, those the charger may still hold.")
    status: str | None = Field(
        description="The charger's word, where it was asked directly: `Accepted`, `Unknown`."
    )
    command: CommandShape | None


async def set_charging_profile(doing: Doing[Query, NewProfileBody]) -> Answered | None:
    """Endpoint 18. Checked by the rules V1 to V12 (docs/api.md) before the charger is asked."""
    charger, body = await the_charger(doing), doing.body
    services: Services = doing.services
    books = services.charging_profiles(doing.caller)
    abilities = await services.desired_state(doing.caller).abilities(charger)
    profile = profile_of(body.profile, clock.transaction_number())
    place = body.connector
    try:
        if not body.lasting:
            await books.check(charger.id.key, profile, place, abilities)
            return await _send(doing, profile)
        await books.want(charger.id.key, profile, place, abilities)
    except ProfileBreaksRules as error:
        raise problem_of(error) from error

    async def look() -> Book:
        return await books.book(charger.id)

    book, settled = await come_true(doing, charger, look, lambda found: not _is_pending(found, profile))
    shape = _answer(book, profile)
    location = "" if settled else address_of(doing, "/charging-profiles")
    return Answered(shape, 200 if settled else 202, location)


async def clear_charging_profiles(doing: Doing[ClearQuery, Any]) -> Answered | None:
    """Endpoint 19. Those that are wanted are wanted no more; what nobody wanted is cleared by a plain command."""
    charger, query = await the_charger(doing), doing.query
    services: Services = doing.services
    books = services.charging_profiles(doing.caller)
    criteria = _criteria(query)
    before = await books.book(charger.id)
    meant = before.matching(criteria)
    if meant:
        try:
            await books.withdraw(charger.id.key, criteria)
        except NoSuchProfile:  # somebody else was first
            meant = []
    if not meant or (query.all and charger.connection):
        return await _clear(doing, meant)

    async def look() -> Book:
        return await books.book(charger.id)

    book, settled = await come_true(doing, charger, look, lambda found: not _still_held(found, meant))
    pending = _still_held(book, meant)
    shape = Cleared(withdrawn=meant, pending=pending, status=None, command=None)
    location = "" if settled else address_of(doing, "/charging-profiles")
    return Answered(shape, 200 if settled else 202, location)


async def show_charging_profiles(doing: Doing[ChargingProfilesQuery, Any]) -> Answered | None:
    """Those that are wanted, and those the charger holds as far as we know."""
    charger = await the_charger(doing)
    services: Services = doing.services
    book = await services.charging_profiles(doing.caller).book(charger.id)
    numbers = sorted({*book.wanted, *book.held})
    return Answered(KnownProfiles(items=[_known(book, number) for number in numbers]))


def problem_of(error: ProfileBreaksRules) -> Problem:
    """A 422 Problem with the rules it breaks; `load_limit` where it is the site's limit alone."""
    rules = list(dict.fromkeys(one.rule for one in error.breaches))
    faults = [
        Fault(_PARTS.get(one.rule, "body.profile"), f"{one.rule}: {one.words}.") for one in error.breaches
    ]
    if rules == [V10]:
        words = "The site cannot carry what this profile allows."
        return Problem("load_limit", words, faults=faults, extra={"rules": rules})
    found = invalid(*faults)
    return Problem(found.code, found.detail, faults=faults, extra={"rules": rules})


_PARTS = {
    "V4": "body.profile.schedule.periods",
    "V5": "body.profile.stack_level",
    "V6": "body.profile.recurrency",
    "V7": "body.profile.schedule.start",
    "V8": "body.profile.schedule",
}
"""Which part of the body a rule is about; the others are about the profile at its place."""


async def _send(doing: Doing[Query, NewProfileBody], profile: ChargingProfile) -> Answered:
    """Once, as a plain command."""
    intent = SetChargingProfile(profile=profile, evse_id=doing.body.connector)
    command = await asked(doing, intent, reason=doing.body.reason)
    check_answered(doing, command)
    sent = command.intent.profile if isinstance(command.intent, SetChargingProfile) else profile
    shape = ProfileAnswer(
        profile_id=sent.profile_id,
        state=_state_of(command),
        status=None if command.answer is None else command.answer.status,
        reason=command.why if command.answer is None else command.answer.reason,
        lasting=False,
        command=command_shape(command),
    )
    return Answered(shape, 200 if command.settled else 202, location_of(command))


def _state_of(command: Command) -> str:
    if command.answer is None:
        return "pending"
    return "installed" if command.answer.verdict is Verdict.AGREED else "refused"


def _answer(book: Book, profile: ChargingProfile) -> ProfileAnswer:
    """What became of the wish, with what the charger said to it."""
    entry = book.wanted.get(profile.profile_id)
    if entry is None:  # wanted no more by now, or replaced
        return _answered(profile, Ack.PENDING, None, "it is not wanted any more")
    status = "Accepted" if entry.ack is Ack.INSTALLED else entry.status or None
    return _answered(profile, entry.ack, status, entry.reason)


def _answered(profile: ChargingProfile, ack: Ack, status: str | None, reason: str) -> ProfileAnswer:
    return ProfileAnswer(
        profile_id=profile.profile_id, state=ack, status=status, reason=reason, lasting=True, command=None
    )


async def _clear(doing: Doing[ClearQuery, Any], withdrawn: list[int]) -> Answered:
    query = doing.query
    intent = ClearChargingProfile(
        profile_id=query.id,
        evse_id=query.connector,
        purpose=query.purpose,
        stack_level=query.stack,
        everything=query.all,
    )
    command = await asked(doing, intent)
    check_answered(doing, command)
    services: Services = doing.services
    charger = await the_charger(doing)
    book = await services.charging_profiles(doing.caller).book(charger.id)
    shape = Cleared(
        withdrawn=withdrawn,
        pending=_still_held(book, withdrawn),
        status=None if command.answer is None else command.answer.status,
        command=command_shape(command),
    )
    if withdrawn:
        await services.wanted(doing.caller, charger.id)
    return Answered(shape, 200 if command.settled else 202, location_of(command))


def _criteria(query: ClearQuery) -> Criteria:
    """Raises a 422 Problem where it is not said plainly which are meant (1.6 errata 3.25)."""
    others = (query.connector, query.purpose, query.stack)
    if query.id is not None and any(one is not None for one in others):
        raise invalid(Fault("id", "It decides alone: leave out the others."))
    narrowed = query.id is not None or any(one is not None for one in others)
    if narrowed and query.all:
        raise invalid(Fault("all", "Leave it out where you say which."))
    if not narrowed and not query.all:
        raise invalid(Fault("all", "Say which, or `all=true`: without a filter everything is cleared."))
    return Criteria(
        profile_id=query.id, evse_id=query.connector, purpose=query.purpose, stack_level=query.stack
    )


def _is_pending(book: Book, profile: ChargingProfile) -> bool:
    entry = book.wanted.get(profile.profile_id)
    return entry is not None and entry.ack is Ack.PENDING


def _still_held(book: Book, numbers: Iterable[int]) -> list[int]:
    """Those that nobody has wanted anew meanwhile."""
    return [number for number in numbers if number in book.held and number not in book.wanted]


def _known(book: Book, number: int) -> KnownProfile:
    entry, held = book.wanted.get(number), book.held.get(number)
    placed = entry.placed if entry is not None else held.placed if held is not None else None
    if placed is None:
        raise LookupError(number)
    unwanted = "held" if held is not None and held.sure else "doubtful"
    return KnownProfile(
        profile=shown(placed),
        state=unwanted if entry is None else entry.ack,
        status=None if entry is None else entry.status or None,
        reason="" if entry is None else entry.reason,
        wanted=entry is not None,
        origin=None if entry is None else entry.origin,
        held=held is not None and held.sure,
        plain=held is not None and held.plain,
        stuck=held is not None and held.stuck,
        since=None if held is None or not held.sure else held.placed.since,
    )
