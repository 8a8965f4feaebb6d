"""`/messages` and `/chargers/{cpid}/messages`: what was said on the wire, question and answer side by side."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from adapters.http.api.chargers import visible_charger
from adapters.http.api.values import HiddenPosition, Instant
from adapters.http.route import Asked, Page, PageQuery, Shape
from adapters.ocpp.secrets import without_secrets
from projections.message_log import queries

ShownFrame = Annotated[str, AfterValidator(without_secrets)]
"""A frame on its way out: as it was, but for passwords. Id tokens in it are shown, as everywhere in the API."""


class ChargerMessagesQuery(PageQuery):
    """Filters of one charger's messages; they are combined with AND. Newest first."""

    action: str | None = Field(None, max_length=50, description="Such as `StartTransaction`.")
    direction: Literal["in", "out"] | None = Field(None, description="`in`: from the charger.")
    errors: Literal["true"] | None = Field(None, description="`true`: only what ended in a CALLERROR.")
    since: Instant | None = Field(None, alias="from", description="Recorded at or after, by our clock.")
    until: Instant | None = Field(None, alias="to", description="Recorded before.")


class MessagesQuery(ChargerMessagesQuery):
    """As for one charger, and which."""

    charger: str | None = Field(None, max_length=48, description="The charger's id, in any case.")


class Message(Shape):
    """One exchange."""

    at: datetime = Field(description="Our clock when the frame was read.")
    position: HiddenPosition = Field(
        description="Names its place in the event log; says nothing of the order."
    )
    charger: str = Field(description="The charger's id in upper case.")
    direction: str
    kind: str = Field(description="`call`, `send`, `answer` or `unreadable`.")
    message_id: str | None
    action: str | None
    event: str = Field(description="What we made of it: the stored name of the fact.")
    error_code: str | None
    request: ShownFrame = Field(description="The frame as received; passwords are hidden.")
    reply: ShownFrame | None = Field(description="The frame sent back; null: silence.")
    repairs: list[str] | None = Field(description="What was mended before it could be read.")
    connection: str | None


def list_messages(asked: Asked[MessagesQuery]) -> Page[Message]:
    """Of all chargers."""
    return _page(asked, asked.query.charger)


def list_messages_of_charger(asked: Asked[ChargerMessagesQuery]) -> Page[Message] | None:
    """Of one charger."""
    charger = visible_charger(asked)
    return None if charger is None else _page(asked, charger.charger)


def _page(asked: Asked[Any], charger: str | None) -> Page[Message]:
    query: ChargerMessagesQuery = asked.query
    wanted = queries.MessageFilter(
        charger=charger,
        action=query.action,
        direction=query.direction,
        errors_only=query.errors is not None,
        begin=query.since,
        end=query.until,
    )
    rows = queries.list_messages(
        asked.connection, asked.caller.tenant, wanted, after=asked.after, limit=query.limit
    )
    return asked.page(Message, rows)
