"""`/reservations`: places that are held for drivers."""

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from adapters.http.action import Answered, Doing
from adapters.http.api.commands import ask, asked, check_answered, location_of, one_of
from adapters.http.api.control import REASON
from adapters.http.api.values import ShownToken, charger_key
from adapters.http.api.wishes import address_of, the_charger
from adapters.http.problems import Problem, not_found
from adapters.http.route import Asked, Body, Page, PageQuery, Query, Shape
from adapters.http.services import Services
from application import clock
from application.reservations import group_of
from application.snapshots import load_book
from domain.commands.command import Command
from domain.commands.drivers import CancelReservation, ReserveNow
from domain.commands.events import State as CommandState
from domain.commands.intent import Verdict
from domain.identity import IdToken
from domain.reservations import refusals
from domain.reservations.refusals import ReservationRefused
from domain.reservations.room import HIGHEST_ID
from projections.reservations import queries

State = Literal["requested", "active", "unknown", "used", "expired", "cancelled", "refused", "lost"]


class ReservationsQuery(PageQuery):
    """Filters of the list; they are combined with AND. The newest first."""

    charger: str | None = Field(None, max_length=100)
    state: State | None = None
    open: bool | None = Field(None, description="Those that take a place now.")
    tag: str | None = Field(None, max_length=255, description="The id token it is for.")


class OneReservationQuery(Query):
    """Takes no parameters."""


class ReservationBody(Body):
    """Which place for whom until when."""

    connector: int = Field(
        ge=0, le=999, description="The EVSE; 0: any, where the charger reserves without naming one."
    )
    id_tag: str = Field(min_length=1, max_length=36, description="1.6 takes up to 20 characters.")
    id_tag_type: str = Field("", max_length=20, description="2.x: `ISO14443`, `eMAID`, `Central` …")
    parent: str | None = Field(
        None, max_length=36, description="Its group may use it too; null: the token's group by our books."
    )
    expiry: AwareDatetime = Field(strict=False)
    reason: str = REASON


class ReservationMade(Shape):
    """What the charger said to a request."""

    reservation_id: int
    state: str = Field(
        description="`Accepted`; `Faulted`, `Occupied`, `Rejected`, `Unavailable`; `pending` (it has not answered), "
        "`unknown` (no answer will come: it may hold it) or `NotSent`."
    )
    connector: int
    id_tag: ShownToken
    parent: str
    expiry: datetime
    why: str
    command: str = Field(description="The id of the command that asked.")


class ReservationLine(Shape):
    """A reservation with the terms the charger agreed to last, or that it was first asked for."""

    charger: str
    reservation_id: int
    connector: int = Field(validation_alias="evse_id", description="0: any.")
    id_tag: ShownToken = Field(validation_alias="token")
    parent: str | None = Field(validation_alias="group")
    expiry: datetime = Field(validation_alias="expires_at")
    state: str = Field(
        description="`requested`, `active`, `unknown`; `used`, `expired`, `cancelled`, `refused`, `lost`."
    )
    made_at: datetime
    made_by: str
    command: str
    settled_at: datetime | None
    refusal: str | None
    ended_at: datetime | None
    ended_by: str | None
    session: str | None
    mismatch: str | None
    mismatch_session: str | None


async def reserve(doing: Doing[Query, ReservationBody]) -> Answered | None:
    """Endpoint 16. 201 where the charger agreed, 200 with its word where it did not."""
    charger, body = await the_charger(doing), doing.body
    services: Services = doing.services
    token = IdToken(body.id_tag, body.id_tag_type)
    group = await group_of(services.store, charger.id.tenant, token) if body.parent is None else body.parent
    intent = ReserveNow(
        reservation_id=clock.reservation_id(),
        id_token=token,
        expires_at=body.expiry,
        group_id_token=IdToken(group) if group else None,
        evse_id=body.connector,
    )
    try:
        command = await asked(doing, intent, reason=body.reason)
    except ReservationRefused as error:
        raise problem_of(error) from error
    check_answered(doing, command)
    return _made(doing, command)


async def cancel_reservation(doing: Doing[Query, Any]) -> Answered | None:
    """Endpoint 17. The charger is asked; it stays held until the charger has agreed."""
    charger, number = await the_charger(doing), number_of(doing.path["rid"])
    services: Services = doing.services
    book = await load_book(services.store, charger.id)
    if number not in book.open and number not in book.ended:
        raise not_found()
    try:
        return await ask(doing, CancelReservation(reservation_id=number))
    except ReservationRefused as error:
        raise problem_of(error) from error


def list_reservations(asked: Asked[ReservationsQuery]) -> Page[ReservationLine]:
    """The newest first."""
    query, tenant = asked.query, asked.caller.tenant
    wanted = queries.ReservationFilter(
        charger=None if query.charger is None else charger_key(tenant, query.charger) or "",
        id_token=query.tag,
        pseudonyms=asked.pseudonyms(query.tag or ""),
        state=query.state,
        open=query.open,
    )
    rows = queries.list_reservations(asked.connection, tenant, wanted, after=asked.after, limit=query.limit)
    return asked.page(ReservationLine, rows)


def one_reservation(asked: Asked[OneReservationQuery]) -> ReservationLine | None:
    """One reservation of a charger."""
    tenant = asked.caller.tenant
    charger = charger_key(tenant, asked.path["cpid"]) or ""
    row = queries.reservation(asked.connection, tenant, charger, number_of(asked.path["rid"]))
    return None if row is None else ReservationLine.model_validate(row)


def number_of(text: str) -> int:
    """`{rid}` of the path; what cannot be one is absent. Raises a 404 Problem."""
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:12]) <= HIGHEST_ID:
        raise not_found()
    return int(text)


_BUSY = (
    refusals.PlaceNotFree,
    refusals.AlreadyReserved,
    refusals.NoPlaceLeft,
    refusals.ReservationUnsettled,
)
_PARTS: dict[type[ReservationRefused], str] = {
    refusals.ExpiryInThePast: "expiry",
    refusals.PlaceUnknown: "connector",
    refusals.AnyPlaceUnsupported: "connector",
}


def problem_of(error: ReservationRefused) -> Problem:
    """409 where it may be possible later, 422 where this request never will be."""
    words = type(error).__doc__ or ""
    if isinstance(error, refusals.ReservationUnknown):
        return not_found()
    if isinstance(error, refusals.ReservationOver):
        return Problem("ended", words)
    if isinstance(error, _BUSY):
        return Problem("busy", words)
    return one_of(_PARTS.get(type(error), "connector"), words)


def _made(doing: Doing[Query, ReservationBody], command: Command) -> Answered:
    intent = command.intent
    if not isinstance(intent, ReserveNow):  # the key was used for another command of this path
        raise Problem("idempotency_mismatch", "Use a new key for another request.")
    shape = ReservationMade(
        reservation_id=intent.reservation_id,
        state=_word(command),
        connector=intent.evse_id or 0,
        id_tag=intent.id_token.value,
        parent=intent.group_id_token.value if intent.group_id_token is not None else "",
        expiry=intent.expires_at,
        why=command.why,
        command=command.id,
    )
    if command.answer is not None and command.answer.verdict is Verdict.AGREED:
        return Answered(shape, 201, address_of(doing, f"/reservations/{intent.reservation_id}"))
    return Answered(shape, 200 if command.settled else 202, location_of(command))


def _word(command: Command) -> str:
    if command.answer is not None:
        return command.answer.status or "Rejected"
    if command.state is CommandState.CANCELLED:
        return "NotSent"
    return "unknown" if command.settled else "pending"
