"""`/messages` and `/chargers/{cpid}/messages`: what was said on the wire, question and answer side by side."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from adapters.http.api.values import Instant
from adapters.http.route import PageQuery, Shape
from adapters.ocpp.secrets import without_secrets

ShownFrame = Annotated[str, AfterValidator(without_secrets)]
"""A frame on its way out: as it was, but for passwords. Id tokens in it are shown, as everywhere, for now."""


class ChargerMessagesQuery(PageQuery):
    """Filters of one charger's messages; they are combined with AND. Newest first."""

    action: str | None = Field(None, max_length=50, description="Such as `StartTransaction`.")
    direction: Literal["in", "out"] | None = Field(None, description="`in`: from the charger.")
    errors: bool | None = Field(None, description="Only exchanges that ended in a CALLERROR.")
    since: Instant | None = Field(None, alias="from", description="Recorded at or after, by our clock.")
    until: Instant | None = Field(None, alias="to", description="Recorded before.")


class MessagesQuery(ChargerMessagesQuery):
    """As for one charger, and which."""

    charger: str | None = Field(None, max_length=48, description="The charger's id, in any case.")


class Message(Shape):
    """One exchange."""

    at: datetime = Field(description="Our clock when the frame was read.")
    position: int = Field(description="Its place in the event log.")
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
