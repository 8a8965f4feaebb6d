"""`/chargers/{cpid}/connectors/{n}/composite-schedule`: the limit that all profiles make, by the charger and by us."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import Field

from adapters.http.action import Answered, Doing
from adapters.http.api.commands import CommandShape, asked, check_answered, location_of
from adapters.http.api.commands import shape_of as command_shape
from adapters.http.api.values import Exact
from adapters.http.api.wishes import the_charger
from adapters.http.problems import Problem, not_found
from adapters.http.route import Query, Shape
from adapters.http.services import Services
from application import clock
from application.command_refusals import ChargerNotConnected
from domain.chargers.charger import Charger
from domain.charging_profiles.differences import Difference, differences
from domain.charging_profiles.profile import Placed, Schedule, Unit
from domain.charging_profiles.schedule import Composite, Running, composite
from domain.commands.command import Command
from domain.commands.events import State
from domain.commands.load import GetCompositeSchedule

DAY_S = 86_400


class CompositeQuery(Query):
    """For how long, and in which unit."""

    duration: int = Field(DAY_S, ge=1, le=DAY_S, description="Seconds from now on.")
    unit: Unit | None = Field(None, description="Null: the charger's choice.")


class StretchShape(Shape):
    """One limit, from `start` on until the next one or the end."""

    start: int = Field(description="Seconds after the start of the schedule.")
    limit: Exact | None = Field(description="Null: nothing limits it.")
    phases: int | None


class CompositeShape(Shape):
    """Limits over time."""

    unit: Unit
    start: datetime | None
    duration: int | None = Field(description="Seconds; null: not told.")
    periods: list[StretchShape]


class DifferenceShape(Shape):
    """Where the two are not the same, beyond rounding; counted from the start of ours."""

    start: int = Field(validation_alias="from_s")
    end: int = Field(validation_alias="to_s")
    we_computed: Exact | None = Field(validation_alias="ours")
    charger_says: Exact | None = Field(validation_alias="theirs")


class BothSchedules(Shape):
    """What the charger says, and what we make of the profiles it took."""

    charger_says: CompositeShape | None = Field(description="Null: see `why`.")
    told: dict[str, Any] | None = Field(
        description="2.1: what it said in words that a plain limit has not, such as setpoints."
    )
    we_computed: CompositeShape
    differ: list[DifferenceShape] | None = Field(description="Null where there is nothing to compare with.")
    why: str = Field(description="Why the charger said nothing that can be compared.")
    command: CommandShape | None


async def composite_schedule(doing: Doing[CompositeQuery, Any]) -> Answered | None:
    """Endpoint 20. The charger is asked; where it is away, ours stands alone. `{n}` is the EVSE, 0 the charger."""
    charger, evse_id = await the_charger(doing), _evse_of(doing.path["n"])
    services: Services = doing.services
    books = services.desired_state(doing.caller)
    connectors = (await books.abilities(charger)).connectors
    if connectors is not None and evse_id > connectors:
        raise not_found()
    in_force = (await services.charging_profiles(doing.caller).book(charger.id)).in_force
    intent = GetCompositeSchedule(duration_s=doing.query.duration, evse_id=evse_id, unit=doing.query.unit)
    try:
        command = await asked(doing, intent)
    except Problem as problem:
        if problem.code != "offline":
            raise
        ours = _ours(doing, charger, evse_id, in_force, None)
        words = " ".join((ChargerNotConnected.__doc__ or "").split())
        return Answered(_both(ours, None, None, words, None))
    check_answered(doing, command)
    theirs, told = _told(command)
    ours = _ours(doing, charger, evse_id, in_force, theirs)
    shape = _both(ours, theirs, told, "" if theirs is not None else _why(command), command)
    return Answered(shape, 200 if command.settled else 202, location_of(command))


def _evse_of(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text[:6]) > 999:
        raise not_found()
    return int(text)


def _told(command: Command) -> tuple[Schedule | None, dict[str, Any] | None]:
    result = {} if command.answer is None else command.answer.result
    told = result.get("schedule")
    return (None if told is None else msgspec.convert(told, Schedule, strict=False)), result.get("told")


def _why(command: Command) -> str:
    answer = command.answer
    if answer is None:
        return command.why or "The charger has not answered yet."
    if answer.result.get("told") is not None:
        return "It says more than one limit at a time; see `told`."
    return answer.reason or (f"It answered {answer.status}, and told no schedule.")


def _ours(
    doing: Doing[CompositeQuery, Any],
    charger: Charger,
    evse_id: int,
    in_force: list[Placed],
    theirs: Schedule | None,
) -> Composite:
    """In the charger's unit and from its start on, so that the two can be laid side by side."""
    start, unit = clock.now().replace(microsecond=0), doing.query.unit or Unit.A
    if theirs is not None:
        start, unit = theirs.start_at or start, theirs.unit
    return composite(
        in_force,
        evse_id=evse_id,
        start=start,
        duration_s=doing.query.duration,
        unit=unit,
        transaction=_running(charger, evse_id),
    )


def _running(charger: Charger, evse_id: int) -> Running | None:
    for one in charger.open.values():
        if one.evse_id == evse_id:
            return Running(started_at=one.started_at, reference=one.reference or str(one.number))
    return None


def _both(
    ours: Composite,
    theirs: Schedule | None,
    told: dict[str, Any] | None,
    why: str,
    command: Command | None,
) -> BothSchedules:
    found = differences(ours, theirs) if theirs is not None else _none_where_told(ours, command)
    return BothSchedules(
        charger_says=None if theirs is None else _theirs_shown(theirs),
        told=told,
        we_computed=_ours_shown(ours),
        differ=None if found is None else [DifferenceShape.model_validate(one) for one in found],
        why=why,
        command=None if command is None else command_shape(command),
    )


def _none_where_told(ours: Composite, command: Command | None) -> list[Difference] | None:
    """A charger that accepts and tells no schedule says that nothing is limited."""
    if command is None or command.state is not State.SUCCEEDED or command.answer is None:
        return None
    if command.answer.result.get("told") is not None:
        return None
    return differences(ours, Schedule(unit=ours.unit, periods=()))


def _ours_shown(ours: Composite) -> CompositeShape:
    periods = [StretchShape(start=one.start_s, limit=one.limit, phases=one.phases) for one in ours.periods]
    return CompositeShape(unit=ours.unit, start=ours.start_at, duration=ours.duration_s, periods=periods)


def _theirs_shown(theirs: Schedule) -> CompositeShape:
    periods = [StretchShape(start=one.start_s, limit=one.limit, phases=one.phases) for one in theirs.periods]
    return CompositeShape(
        unit=theirs.unit, start=theirs.start_at, duration=theirs.duration_s, periods=periods
    )
