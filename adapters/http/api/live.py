"""`/events`, `/stream-tickets`: what happens, as it happens."""

from datetime import datetime

from pydantic import Field
from starlette.requests import Request

from adapters.http.action import Answered, Doing, NoBody
from adapters.http.api.control import PlainQuery
from adapters.http.problems import Problem
from adapters.http.route import Shape
from adapters.http.services import Services
from adapters.http.stream_credentials import TICKET_S
from adapters.http.stream_door import StreamDoor
from adapters.http.stream_query import StreamQuery
from adapters.http.streaming import EventStream

LAST = "last-event-id"


class StreamTicket(Shape):
    """Opens one stream."""

    ticket: str = Field(description="To be sent as `?ticket=` of `/ws/telemetry`, or as a subprotocol.")
    expires_at: datetime = Field(description=f"{TICKET_S} seconds away; it opens one stream, once.")


async def follow_events(doing: Doing[StreamQuery, NoBody], request: Request) -> EventStream:
    """Server-sent events; a browser that comes again says by `Last-Event-ID` what it had."""
    door, query = door_of(doing.services), doing.query
    after = request.headers.get(LAST) or query.after
    listening = door.listen(doing.caller, query.selection(), after)
    seat = await door.sit(doing.caller)
    return EventStream(door, doing.caller, listening, seat, resumed=after is not None)


async def sell_ticket(doing: Doing[PlainQuery, NoBody]) -> Answered:
    """For browsers, whose WebSockets cannot send a token in a header."""
    text, until = door_of(doing.services).tickets.sell(doing.caller, doing.now)
    return Answered(StreamTicket(ticket=text, expires_at=until), 201)


def door_of(services: Services) -> StreamDoor:
    """Raises a 503 Problem where this process serves no streams."""
    if services.streams is None:
        raise Problem("draining", "This process serves no streams.")
    return services.streams
