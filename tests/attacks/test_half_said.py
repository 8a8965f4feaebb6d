"""Requests that are never finished, or never end: cut off in time, and the honest are answered beside them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from adapters.http.guarded_protocol import GuardedHttp
from adapters.ocpp.websocket import ChargerWebSocket
from tests.adapters.ocpp.front_door import FrontDoor

GET = b"GET /livez HTTP/1.1\r\nhost: zeus\r\n"


class Impatient(GuardedHttp):
    """As the server's, only quicker, so that a test need not wait."""

    HEAD_S: ClassVar[float] = 0.3


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    door = FrontDoor()
    await door.register("CP1")

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        """200 to every request, without reading its body; sockets go to the front door."""
        if scope["type"] == "websocket":
            await door.gateway(scope, receive, send)
            return
        told = b"&".join(b"%s=%s" % pair for pair in scope["headers"] if pair[0].startswith(b"x-"))
        headers = [(b"content-length", str(len(told)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": told})

    config = uvicorn.Config(answering, ws=ChargerWebSocket, lifespan="off", log_level="critical")
    config.load()
    state: Any = uvicorn.Server(config).server_state
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Impatient(config, state, {}), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await door.gateway.presence.close_all()


class Line:
    """A connection by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, port: int) -> "Line":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ended(self) -> bytes:
        """All that comes until the server hangs up."""
        try:
            async with asyncio.timeout(10):
                return await self.reader.read()
        except ConnectionResetError:
            return b"reset"
        finally:
            self.writer.close()

    async def drip(self, data: bytes, every_s: float = 0.02) -> None:
        """One byte after the other, until nobody takes them."""
        for n in range(len(data)):
            if self.reader.at_eof() or self.writer.transport.is_closing():
                return
            self.writer.write(data[n : n + 1])
            await asyncio.sleep(every_s)


async def honest(port: int) -> None:
    line = await Line.to(port)
    line.writer.write(GET + b"connection: close\r\n\r\n")
    assert (await line.ended()).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /",
        GET + b"x-a: " + b"b" * 500,
        b"GET /ocpp/CP1 HTTP/1.1\r\nhost: z\r\nupgrade: websocket\r\nconnection: upgrade\r\nx-y: "
        + b"z" * 500,
    ],
)
async def test_a_request_that_is_never_finished_is_cut_off(said: bytes) -> None:
    async with serving() as port:
        line = await Line.to(port)
        dripping = asyncio.create_task(line.drip(said))
        answer = await line.ended()
        dripping.cancel()
        # whoever still writes when the connection ends may lose the answer on his own side
        assert answer == b"" if not said else answer == b"reset" or b" 408 " in answer.split(b"\r\n")[0]
        await honest(port)


async def test_many_that_say_half_a_request_keep_nobody_out_and_are_all_gone_in_time() -> None:
    async with serving() as port:
        lines = [await Line.to(port) for _ in range(300)]
        for line in lines:
            line.writer.write(GET)
        await honest(port)  # while all of them are there
        answers = await asyncio.gather(*(line.ended() for line in lines))
        # on a slow machine the first are gone before they have said a word
        told = {answer.split(b"\r\n")[0] for answer in answers}
        assert told <= {b"HTTP/1.1 408 Request Timeout", b"reset", b""}


async def test_a_body_that_drips_after_its_answer_is_cut_off() -> None:
    async with serving() as port:
        line = await Line.to(port)
        line.writer.write(b"POST / HTTP/1.1\r\nhost: z\r\ncontent-length: 1000000\r\n\r\n")
        dripping = asyncio.create_task(line.drip(b"x" * 10_000))
        answer = await line.ended()
        dripping.cancel()
        assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "head",
    [
        GET + b"x-a: " + b"b" * 40_000,
        GET + b"".join(b"x-%d: y\r\n" % n for n in range(20_000)),
        b"GET /" + b"a" * 100_000,
        b"GET /livez HTTP/1.1\r\nhost: z\r\n" + b"x-a: y\r\n" * 200,
    ],
)
@pytest.mark.parametrize("finished", [True, False])
async def test_a_head_that_is_too_large_is_refused_whether_it_ends_or_not(
    head: bytes, finished: bool
) -> None:
    async with serving() as port:
        line = await Line.to(port)
        line.writer.write(
            head + (b" HTTP/1.1" if b"HTTP" not in head else b"") * finished + b"\r\n\r\n" * finished
        )
        answer = await line.ended()
        assert b"200" not in answer.split(b"\r\n")[0]
        assert answer == b"reset" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
        await honest(port)


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nhost: z\r\nx-smuggled: 1\r\n\r\n"


@pytest.mark.parametrize(
    "confusing",
    [
        b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
        b"content-length: 0\r\ncontent-length: 50\r\n\r\n",
        b"content-length: +5\r\n\r\nabcde",
        b"content-length: 5, 5\r\n\r\nabcde",
        b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        b"x-a: b\r\n folded\r\n\r\n",
        b"x-a: b\nx-c: d\r\n\r\n",
        b"x-a: b\x00c\r\n\r\n",
    ],
)
async def test_a_request_of_unclear_length_hides_no_other_one(confusing: bytes) -> None:
    """Refused, or read in one way; what two readers may understand differently is answered with an error."""
    async with serving() as port:
        line = await Line.to(port)
        line.writer.write(b"POST / HTTP/1.1\r\nhost: z\r\n" + confusing + SMUGGLED)
        answer = await line.ended()
        assert answer.startswith(b"HTTP/1.1 400"), answer
        assert b"x-smuggled" not in answer
        await honest(port)


async def test_a_charger_that_is_connected_is_not_watched_any_more() -> None:
    async with serving() as port:
        line = await Line.to(port)
        line.writer.write(
            b"GET /ocpp/CP1 HTTP/1.1\r\nhost: z\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"
            b"sec-websocket-protocol: ocpp1.6\r\n\r\n"
        )
        assert b" 101 " in await line.reader.readuntil(b"\r\n\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(4 * Impatient.HEAD_S):
                await line.reader.read(1)
        line.writer.close()
