"""`/privacy`, `/messages/reveal`: what is kept of a person, shown on record, and erased."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field
from sqlalchemy import Connection

from adapters.http.action import Answered, Doing
from adapters.http.api.control import PlainQuery
from adapters.http.api.id_tags import IdTag
from adapters.http.api.reservations import ReservationLine
from adapters.http.api.sessions import SessionLine
from adapters.http.positions import PositionUnreadable
from adapters.http.problems import not_found
from adapters.http.route import Body, Shape
from adapters.http.services import Services
from adapters.ocpp.secrets import without_secrets
from adapters.ocpp.token_places import subject_of_request
from application.privacy import KnownSubject, PersonalData, SubjectUnknown
from projections.commands.queries import customer_requests
from projections.id_tags.queries import id_tags_of
from projections.local_lists.queries import chargers_with_lists
from projections.message_log.queries import MessageRow, messages_at
from projections.reservations.queries import reservations_of_token
from projections.sessions.queries import sessions_of_token

AT_ONCE = 50

RevealedFrame = Annotated[str, AfterValidator(without_secrets)]
"""A frame as it was received, but for passwords."""


class MessagePlace(Body):
    """Which message: as a list of messages names it."""

    at: AwareDatetime = Field(strict=False, description="`at` of the message.")
    position: str = Field(min_length=1, max_length=40, description="`position` of the message.")


class RevealBody(Body):
    """Which frames, and why."""

    messages: list[MessagePlace] = Field(min_length=1, max_length=AT_ONCE)
    reason: str = Field(min_length=1, max_length=500, description="Why they are looked at; it is recorded.")


class RevealedMessage(Shape):
    """A message with its frames as they were received."""

    at: datetime
    position: str
    charger: str
    request: RevealedFrame
    reply: RevealedFrame | None


class RevealedMessages(Shape):
    """Those of the messages that there are."""

    items: list[RevealedMessage] | None = Field(description="Null in a repetition: they are shown once.")


class EraseBody(Body):
    """Whom, and on what ground."""

    id_token: str = Field(min_length=1, max_length=255, description="The token, in any case.")
    legal_basis: str = Field(min_length=1, max_length=500, description="Such as `GDPR Art. 17(1)(b)`.")


class ErasedShape(Shape):
    """What became of it."""

    ref: str = Field(
        description="The pseudonym that the log keeps, without its sign `~`; it leads to nobody."
    )
    plain: bool = Field(
        description="Events from before tokens were sealed name it in plain text: nothing can erase those."
    )
    lists: list[str] = Field(description="Chargers whose local lists it is taken off.")


class ExportBody(Body):
    """Of whom, and why."""

    id_token: str = Field(min_length=1, max_length=255, description="The token, in any case.")
    reason: str = Field(min_length=1, max_length=500, description="Why it is looked at; it is recorded.")


class ExportShape(Shape):
    """All that read models keep of a person; `zeus privacy export` adds every event of the log."""

    id_token: str
    known_since: datetime
    registrations: list[IdTag] | None = Field(description="Null in a repetition, as are the other lists.")
    sessions: list[SessionLine] | None
    reservations: list[ReservationLine] | None


async def reveal_messages(doing: Doing[PlainQuery, RevealBody]) -> Answered | None:
    """Frames as they were received, tokens and all. That you looked, and why, is an event."""
    tenant, places = doing.caller.tenant, _places(doing)
    rows: list[MessageRow] = await doing.read(lambda connection: messages_at(connection, tenant, places))
    if not rows:
        raise not_found()
    personal = _personal(doing)
    positions = [row.position for row in rows]
    await personal.disclose("frames", doing.body.reason, places=positions)
    frames = await personal.restored([text for row in rows for text in (row.request, row.reply or "")])
    items = [
        RevealedMessage(
            at=row.at,
            position=doing.asking.hide(row.position),
            charger=row.charger,
            request=frames[2 * n],
            reply=None if row.reply is None else frames[2 * n + 1],
        )
        for n, row in enumerate(rows)
    ]
    return Answered(RevealedMessages(items=items), kept=RevealedMessages(items=None))


def _places(doing: Doing[PlainQuery, RevealBody]) -> list[tuple[datetime, int]]:
    """Raises a 404 Problem for what is no place in the log of this tenant."""
    try:
        return [(one.at, doing.asking.find(one.position)) for one in doing.body.messages]
    except PositionUnreadable:
        raise not_found() from None


async def erase_subject(doing: Doing[PlainQuery, EraseBody]) -> Answered | None:
    """Destroy the key of a person: what the log holds of him can be read by nobody, for good."""
    personal, tenant = _personal(doing), doing.caller.tenant
    subject = await _subject(personal, doing.body.id_token)

    def around(connection: Connection) -> tuple[list[str], list[int]]:
        names = (subject.ref, subject.spelling.upper())
        return chargers_with_lists(connection, tenant), customer_requests(connection, tenant, names)

    lists, requests = await doing.read(around)
    erased = await personal.erase(
        doing.body.id_token,
        doing.body.legal_basis,
        lists=lists,
        requests=[subject_of_request(number) for number in requests],
    )
    shape = ErasedShape(ref=erased.ref.removeprefix("~"), plain=erased.plain, lists=list(erased.lists))
    return Answered(shape)


async def export_subject(doing: Doing[PlainQuery, ExportBody]) -> Answered | None:
    """All that is kept of a person, to be given to him. That you looked, and why, is an event."""
    personal, tenant, now = _personal(doing), doing.caller.tenant, doing.now
    subject = await _subject(personal, doing.body.id_token)
    names = (subject.ref, subject.spelling.upper())
    await personal.disclose("export", doing.body.reason, subjects=(subject.ref,))

    def everything(connection: Connection) -> ExportShape:
        return ExportShape(
            id_token=subject.spelling,
            known_since=subject.created_at,
            registrations=[
                IdTag.model_validate(row) for row in id_tags_of(connection, tenant, names, now=now)
            ],
            sessions=[
                SessionLine.model_validate(row) for row in sessions_of_token(connection, tenant, names)
            ],
            reservations=[
                ReservationLine.model_validate(row)
                for row in reservations_of_token(connection, tenant, names)
            ],
        )

    shape = await doing.read(everything)
    nothing: dict[str, Any] = {"registrations": None, "sessions": None, "reservations": None}
    return Answered(shape, kept=shape.model_copy(update=nothing))


def _personal(doing: Doing[Any, Any]) -> PersonalData:
    services: Services = doing.services
    return services.personal_data(doing.caller)


async def _subject(personal: PersonalData, token: str) -> KnownSubject:
    try:
        return await personal.subject(token)
    except SubjectUnknown as error:
        raise not_found() from error
