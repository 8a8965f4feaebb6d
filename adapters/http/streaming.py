"""Server-sent events: a live stream as an HTTP answer that does not end."""

import asyncio
from collections.abc import Sequence

from starlette.types import Receive, Scope, Send

from adapters.http.access import Caller
from adapters.http.http_protocol import abort, has_room
from adapters.http.stream_door import LAGGING, Ending, StreamDoor, farewell
from adapters.live.listening import Listening, Outgoing
from adapters.live.seats import Seat

MEDIA_TYPE = "text/event-stream"
RETRY_MS = 2000
"""How long a browser waits before it comes again by itself."""
HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx would gather messages until it has some kilobytes
    (b"vary", b"Authorization, Accept"),
)
GOODBYE_S = 1.0


class EventStream:
    """The answer to one request; the seat is left when it ends, however it ends."""

    def __init__(
        self, door: StreamDoor, caller: Caller, listening: Listening, seat: Seat, *, resumed: bool
    ) -> None:
        self._door = door
        self._caller = caller
        self._listening = listening
        self._seat = seat
        self._resumed = resumed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell until somebody has had enough."""
        try:
            if scope["method"] == "HEAD":
                await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
                await send({"type": "http.response.body"})
                return
            await self._stream(scope, receive, send)
        finally:
            self._listening.close()
            await asyncio.shield(self._seat.leave())

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})

        outlet = _Body(scope, send)
        await outlet.write(b"retry: %d\n\n" % RETRY_MS)
        telling = asyncio.create_task(
            self._door.run(self._caller, self._listening, outlet, resumed=self._resumed)
        )
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                await self._end(telling.result(), scope, send)
                if not leaving.done():  # the server is to know that nothing follows
                    await asyncio.wait((leaving,), timeout=GOODBYE_S)
        finally:
            leaving.cancel()
            telling.cancel()
            await asyncio.gather(leaving, telling, return_exceptions=True)

    async def _end(self, ending: Ending, scope: Scope, send: Send) -> None:
        """Whoever does not read is not waited for: his connection is cut, and nothing of it stays in memory."""
        if ending is LAGGING:
            abort(scope)
            return
        body = b"event: stream.closed\ndata: " + farewell(self._caller, ending) + b"\n\n"
        try:
            async with asyncio.timeout(GOODBYE_S):
                await send({"type": "http.response.body", "body": body})
        except TimeoutError:
            abort(scope)


class _Body:
    """See Outlet."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send

    def has_room(self) -> bool:
        """See Outlet."""
        return has_room(self._scope)

    async def hand(self, told: Sequence[Outgoing]) -> None:
        """See Outlet. A message is an event."""
        await self.write(b"".join(map(written, told)))

    async def write(self, body: bytes) -> None:
        """A piece of the answer."""
        await self._send({"type": "http.response.body", "body": body, "more_body": True})


def written(message: Outgoing) -> bytes:
    """One message as an event; its id is what the browser sends back as `Last-Event-ID`."""
    head = b"event: " + message.type.encode() + b"\n"
    if message.id is not None:
        head = b"id: " + message.id.encode() + b"\n" + head
    return head + b"data: " + message.body + b"\n\n"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
