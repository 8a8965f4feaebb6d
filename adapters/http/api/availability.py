"""`/chargers/{cpid}/availability`: whether a charger or a connector serves drivers, for now or for good."""

from typing import Any, Literal

from pydantic import Field

from adapters.http.action import Answered, Doing
from adapters.http.api.commands import CommandShape, asked, check_answered, location_of, one_of
from adapters.http.api.commands import shape_of as command_shape
from adapters.http.api.control import REASON
from adapters.http.api.wishes import address_of, come_true, the_charger
from adapters.http.route import Body, Query, Shape
from adapters.http.services import Services
from domain.chargers.charger import Charger
from domain.commands.upkeep import ChangeAvailability
from domain.desired_state.availability import Place, WantedAvailability


class AvailabilityBody(Body):
    """What is to serve drivers, or not."""

    connector: int = Field(0, ge=0, le=999, description="The EVSE; 0: the charger as a whole.")
    type: Literal["Operative", "Inoperative"]
    reason: str = REASON
    lasting: bool = Field(
        True,
        description="Stays wanted: asked again after a restart, and of a charger that is away when it returns.",
    )


class Availability(Shape):
    """What is wanted, and what the charger said."""

    connector: int
    type: str
    lasting: bool
    reason: str
    state: str = Field(description="`pending`, `agreed` or `refused`.")
    status: str | None = Field(
        description="The charger's word: `Accepted`, `Scheduled` (when the transaction ends), `Rejected`; `Error`."
    )
    command: CommandShape | None = Field(description="Only where the change is not lasting.")


async def change_availability(doing: Doing[Query, AvailabilityBody]) -> Answered | None:
    """Endpoint 12. Lasting: 202 for a charger that is away. Not lasting: asked once, 409 where it is away."""
    charger = await the_charger(doing)
    services: Services = doing.services
    abilities = await services.desired_state(doing.caller).abilities(charger)
    if abilities.connectors is not None and doing.body.connector > abilities.connectors:
        raise one_of("connector", f"The charger has {abilities.connectors}.")
    return await (_want(doing, charger) if doing.body.lasting else _ask(doing))


async def _want(doing: Doing[Query, AvailabilityBody], charger: Charger) -> Answered:
    services: Services = doing.services
    books, body = services.desired_state(doing.caller), doing.body
    await books.want_availability(
        charger.id.key, body.type == "Operative", evse_id=body.connector, reason=body.reason
    )

    async def look() -> WantedAvailability | None:
        return (await books.settings_of(charger.id.key)).availability.get(Place(body.connector, 0))

    wanted, settled = await come_true(
        doing, charger, look, lambda found: found is not None and bool(found.answered)
    )
    status = wanted.answered if wanted is not None else ""
    agreed = wanted is not None and wanted.agreed
    location = "" if settled else address_of(doing)
    return Answered(_shape(body, status, agreed=agreed), 200 if settled else 202, location)


async def _ask(doing: Doing[Query, AvailabilityBody]) -> Answered:
    body = doing.body
    intent = ChangeAvailability(operative=body.type == "Operative", evse_id=body.connector)
    command = await asked(doing, intent, reason=body.reason)
    check_answered(doing, command)
    answer = command.answer
    status = answer.status if answer is not None else ""
    agreed = answer is not None and answer.verdict == "agreed"
    shape = _shape(body, status, agreed=agreed, command=command_shape(command))
    return Answered(shape, 200 if command.settled else 202, location_of(command))


def _shape(body: AvailabilityBody, status: str, *, agreed: bool, **more: Any) -> Availability:
    return Availability(
        connector=body.connector,
        type=body.type,
        lasting=body.lasting,
        reason=body.reason,
        state=("agreed" if agreed else "refused") if status else "pending",
        status=status or None,
        command=more.get("command"),
    )
