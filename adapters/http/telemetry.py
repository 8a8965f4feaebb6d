"""`/ws/telemetry`: live streams as a WebSocket, for whoever shows a token in a header or a ticket in the address."""

import asyncio
import logging
from collections.abc import Sequence

from starlette.datastructures import Headers, QueryParams
from starlette.types import Receive, Scope, Send

from adapters.http.access import Access, Caller, Right
from adapters.http.parameters import read_query
from adapters.http.problems import Problem, unauthenticated
from adapters.http.stream_door import LAGGING, Ending, StreamDoor
from adapters.http.stream_query import StreamQuery
from adapters.live.listening import Listening, Outgoing
from adapters.ocpp.websocket import EXTENSION, Link
from application import clock
from application.fleet import FleetUnavailable

log = logging.getLogger("zeus.live")

PATH = "/ws/telemetry"
SUBPROTOCOL = "zeus.live"
TICKET = "zeus.ticket."
"""A ticket may also be offered as a subprotocol beside ours: then it is in no address at all."""
FIRST_WORD_S = 10.0
"""Who said that he would name his wishes has so long."""
LONGEST_WORD = 16_384


class SocketQuery(StreamQuery):
    """As for server-sent events, and what only a socket needs."""

    ticket: str | None = None
    subscribe: str = ""


class Goodbye(Exception):
    """The socket is to be closed, with this code and these words."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Telemetry:
    """The ASGI endpoint."""

    def __init__(self, door: StreamDoor, access: Access) -> None:
        self._door = door
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One listener, from the knock to the goodbye."""
        await receive()  # websocket.connect
        try:
            query = read_query(SocketQuery, QueryParams(scope["query_string"]))
            caller = await self._who(scope, query)
            listening, resumed = self._listening(caller, query)
            seat = await self._door.sit(caller)
        except Problem as problem:
            await _deny(send, problem)
            return
        try:
            await self._serve(scope, receive, send, (caller, listening, query), resumed=resumed)
        finally:
            listening.close()
            await asyncio.shield(seat.leave())

    async def _who(self, scope: Scope, query: SocketQuery) -> Caller:
        """Raises a Problem. Cookies are never looked at: a page of somebody else has nothing to ride on (CWE-1385).
        Whoever lets them in has to compare `Origin` here."""
        ticket = query.ticket or _offered(scope)
        try:
            if ticket:
                caller = await self._door.tickets.caller(ticket, clock.now())
            else:
                caller = await self._access.caller(Headers(scope=scope).get("authorization"))
        except FleetUnavailable as error:
            raise Problem("store_unavailable", "Your ticket cannot be looked at now.") from error
        if caller is None:
            raise unauthenticated()
        if Right.READ not in caller.rights:
            raise Problem("role", f"The right `{Right.READ}` is needed.")
        return caller

    def _listening(self, caller: Caller, query: StreamQuery) -> tuple[Listening, bool]:
        return self._door.listen(caller, query.selection(), query.after), query.after is not None

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        asked: tuple[Caller, Listening, SocketQuery],
        *,
        resumed: bool,
    ) -> None:
        caller, listening, query = asked
        chosen = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
        link: Link = scope["extensions"][EXTENSION]
        try:
            await send({"type": "websocket.accept", "subprotocol": chosen})
            if query.subscribe == "message":
                listening.close()
                listening, resumed = await self._first_word(caller, receive)
            ending = await self._tell(caller, listening, receive, link, resumed=resumed)
        except Goodbye as goodbye:
            await send({"type": "websocket.close", "code": goodbye.code, "reason": goodbye.reason})
        except OSError as error:  # the client is gone: uvicorn's ClientDisconnected
            log.debug("a listener is gone: %r", error)
        else:
            if ending is LAGGING:
                link.close_unread(ending.close_code, ending.reason)
            elif ending is not None:
                await send({"type": "websocket.close", "code": ending.close_code, "reason": ending.reason})
        finally:
            listening.close()

    async def _first_word(self, caller: Caller, receive: Receive) -> tuple[Listening, bool]:
        """`{"after": …, "type": …}`: the same as in the address. Raises Goodbye."""
        try:
            async with asyncio.timeout(FIRST_WORD_S):
                message = await receive()
        except TimeoutError:
            raise Goodbye(1008, "nothing was asked for") from None
        text = message.get("text") or ""
        if message["type"] != "websocket.receive" or len(text) > LONGEST_WORD:
            raise Goodbye(1008, "this is no wish")
        try:
            query = StreamQuery.model_validate_json(text or "{}", strict=True)
            return self._listening(caller, query)
        except (ValueError, Problem) as problem:
            words = problem.detail if isinstance(problem, Problem) else "this is no wish"
            raise Goodbye(1008, words[:100]) from problem

    async def _tell(
        self, caller: Caller, listening: Listening, receive: Receive, link: Link, *, resumed: bool
    ) -> Ending | None:
        """Until it has to end; None where the client ended it."""
        telling = asyncio.create_task(self._door.run(caller, listening, _Socket(link), resumed=resumed))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
            return telling.result() if telling.done() else leaving.result()
        finally:
            leaving.cancel()
            telling.cancel()
            await asyncio.gather(leaving, telling, return_exceptions=True)


class _Socket:
    """See Outlet."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.has_room = link.has_room

    async def hand(self, told: Sequence[Outgoing]) -> None:
        """See Outlet. A message is a frame."""
        await self._link.send_texts([message.body for message in told])


async def _left(receive: Receive) -> Ending | None:
    """Returns when the client has hung up; to whom says more there is nothing to say."""
    message = await receive()
    return None if message["type"] == "websocket.disconnect" else Ending("say nothing here", 1008)


def _offered(scope: Scope) -> str:
    for name in scope.get("subprotocols", ()):
        if name.startswith(TICKET):
            return str(name.removeprefix(TICKET))
    return ""


async def _deny(send: Send, problem: Problem) -> None:
    """A real HTTP answer in place of the upgrade, in the form of the API's own."""
    response = problem.response()
    headers = [(name, value) for name, value in response.raw_headers if name != b"content-length"]
    start = {"type": "websocket.http.response.start", "status": response.status_code, "headers": headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": bytes(response.body)})
