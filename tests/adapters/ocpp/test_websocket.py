"""The socket, on a real server: signs of life, true close codes, flawed frames, compression."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.utils import ClientDisconnected
from websockets.asyncio.client import ClientConnection, connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode

from adapters.ocpp.websocket import EXTENSION, FLAW, ChargerWebSocket, Link

Message = dict[str, Any]


class Endpoint:
    """An ASGI application that accepts, notes what it receives, and shows the link."""

    def __init__(self) -> None:
        self.link: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
        self.received: asyncio.Queue[Message] = asyncio.Queue()
        self.reading = asyncio.Event()
        self.reading.set()
        self.send: Callable[[Message], Awaitable[None]]

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        assert scope["type"] == "websocket"
        self.send = send
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "ocpp1.6"})
        self.link.set_result(scope["extensions"][EXTENSION])
        while True:
            await self.reading.wait()
            message = await receive()
            await self.received.put(message)
            if message["type"] == "websocket.disconnect":
                return


@asynccontextmanager
async def server() -> AsyncIterator[tuple[Endpoint, str]]:
    endpoint = Endpoint()
    config = uvicorn.Config(
        endpoint,
        ws=ChargerWebSocket,
        ws_max_size=64 * 1024,
        ws_ping_interval=None,
        lifespan="off",
        log_level="critical",
    )
    running = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # so that a client may connect before the server has started
        task = asyncio.create_task(running.serve(sockets=[listener]))
        try:
            yield endpoint, f"ws://127.0.0.1:{listener.getsockname()[1]}/ocpp/1.6/CP1"
        finally:
            running.should_exit = True
            await task


def client(url: str, **more: Any) -> connect:
    return connect(url, subprotocols=["ocpp1.6"], ping_interval=None, **more)  # type: ignore[list-item]


async def raw_frame(charger: ClientConnection, opcode: Opcode, data: bytes) -> None:
    """Send a frame past the checks of the client library."""
    frame = Frame(opcode, data).serialize(mask=True)
    charger.transport.write(frame)


async def test_a_living_charger_answers_a_ping() -> None:
    async with server() as (endpoint, url), client(url):
        link = await endpoint.link
        before = link.last_heard
        assert await link.ping(5)
        assert link.last_heard >= before
        assert link.close_code is None
        assert link.close_reason == ""


async def test_a_ping_is_answered_while_the_endpoint_is_busy() -> None:
    async with server() as (endpoint, url), client(url) as charger:
        link = await endpoint.link
        endpoint.reading.clear()
        for text in ("one", "two", "three"):
            await charger.send(text)
        assert await link.ping(5)
        endpoint.reading.set()
        assert [(await endpoint.received.get())["text"] for _ in range(3)] == ["one", "two", "three"]


async def test_a_silent_charger_is_dead() -> None:
    async with server() as (endpoint, url), client(url) as charger:
        link = await endpoint.link
        charger.transport.pause_reading()
        assert not await link.ping(0.05)
        assert link.close_code is None
        charger.transport.resume_reading()


async def test_a_charger_that_talks_but_never_pongs_is_alive() -> None:
    async with server() as (endpoint, url), client(url) as charger:
        link = await endpoint.link
        charger.transport.pause_reading()
        ping = asyncio.create_task(link.ping(5))
        await asyncio.sleep(0)
        await charger.send("still here")
        assert await ping
        charger.transport.resume_reading()


async def test_a_ping_ends_with_the_connection() -> None:
    async with server() as (endpoint, url), client(url) as charger:
        link = await endpoint.link
        charger.transport.pause_reading()
        ping = asyncio.create_task(link.ping(30))
        await asyncio.sleep(0)
        charger.transport.abort()
        assert not await ping
        assert (await endpoint.received.get())["type"] == "websocket.disconnect"
        assert link.close_code == 1006
        assert not await link.ping(30)


async def test_the_chargers_close_code_is_seen() -> None:
    async with server() as (endpoint, url), client(url) as charger:
        link = await endpoint.link
        await charger.close(3001, "firmware update")
        await endpoint.received.get()
        assert (link.close_code, link.close_reason) == (3001, "firmware update")


async def test_our_close_code_is_seen() -> None:
    async with server() as (endpoint, url), client(url) as charger:
        link = await endpoint.link
        await endpoint.send({"type": "websocket.close", "code": 1002, "reason": "no"})
        await charger.wait_closed()
        assert charger.close_code == 1002
        assert link.close_code == 1002


async def test_a_message_too_large_is_1009() -> None:
    async with server() as (endpoint, url), client(url) as charger:
        link = await endpoint.link
        await charger.send("x" * 70_000)
        assert (await endpoint.received.get())["code"] == 1009
        assert link.close_code == 1009


async def test_broken_utf8_and_binary_frames_are_delivered_with_their_flaw() -> None:
    async with server() as (endpoint, url), client(url, compression=None) as charger:
        await raw_frame(charger, Opcode.TEXT, b'[2,"a","X",{"info":"caf\xe9"}]')
        await raw_frame(charger, Opcode.BINARY, b"\x00\xff")
        await raw_frame(charger, Opcode.TEXT, b"fine")
        broken, binary, fine = [await endpoint.received.get() for _ in range(3)]
        assert broken[FLAW] == "invalid_utf8"
        assert broken["bytes"] == b'[2,"a","X",{"info":"caf\xe9"}]'
        assert broken["text"] == '[2,"a","X",{"info":"caf\ufffd"}]'
        assert (binary[FLAW], binary["bytes"], binary["text"]) == ("binary", b"\x00\xff", None)
        assert fine == {"type": "websocket.receive", "text": "fine"}


async def test_a_broken_character_in_fragments_is_delivered() -> None:
    async with server() as (endpoint, url), client(url, compression=None) as charger:
        charger.transport.write(Frame(Opcode.TEXT, b"caf", fin=False).serialize(mask=True))
        charger.transport.write(Frame(Opcode.CONT, b"\xe9").serialize(mask=True))
        assert (await endpoint.received.get())["bytes"] == b"caf\xe9"


async def test_flawed_frames_after_our_close_are_dropped() -> None:
    async with server() as (endpoint, url), client(url, compression=None) as charger:
        await endpoint.link
        await endpoint.send({"type": "websocket.close", "code": 1000})
        await raw_frame(charger, Opcode.BINARY, b"late")
        await charger.wait_closed()
        assert (await endpoint.received.get())["type"] == "websocket.disconnect"
        assert endpoint.received.empty()


async def test_compression_is_negotiated_small() -> None:
    offer = ClientPerMessageDeflateFactory(client_max_window_bits=True)
    async with server() as (endpoint, url), client(url, extensions=[offer], compression=None) as charger:
        extension = charger.protocol.extensions[0]
        assert "remote_no_context_takeover=True" in repr(extension)
        assert "remote_max_window_bits=12, local_max_window_bits=12" in repr(extension)
        await charger.send("[2]" * 50)
        assert (await endpoint.received.get())["text"] == "[2]" * 50
        await endpoint.send({"type": "websocket.send", "text": "[3]" * 50})
        assert await charger.recv() == "[3]" * 50


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_texts_made_for_many_arrive_as_they_are(compression: str | None) -> None:
    texts = [
        "é" * (length // 2) + "x" * (length % 2) for length in (0, 1, 124, 125, 126, 127, 65_535, 65_536)
    ]
    async with server() as (endpoint, url), client(url, compression=compression) as charger:
        assert bool(charger.protocol.extensions) == (compression is not None)
        link = await endpoint.link
        sending = asyncio.create_task(link.send_texts([text.encode() for text in texts]))
        assert [await charger.recv() for _ in texts] == texts
        await sending
        await link.send_texts([])
        await endpoint.send({"type": "websocket.send", "text": "and as before"})
        assert await charger.recv() == "and as before"


async def test_texts_wait_for_room_and_end_with_the_connection() -> None:
    async with server() as (endpoint, url), client(url, compression=None) as charger:
        link = await endpoint.link
        charger.transport.pause_reading()
        sent = 0

        async def send_for_ever() -> None:
            nonlocal sent
            while True:
                await link.send_texts([b"x" * 1_000_000])
                sent += 1

        sending = asyncio.create_task(send_for_ever())
        before = -1
        while sent > before:  # the network itself takes many megabytes
            before = sent
            await asyncio.wait([sending], timeout=0.3)
        assert not sending.done()
        charger.transport.abort()
        with pytest.raises(ClientDisconnected):
            await asyncio.wait_for(sending, 5)


async def test_a_bad_handshake_is_refused_without_a_link() -> None:
    async with server() as (endpoint, url):
        port = int(url.split(":")[2].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET /ocpp/1.6/CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        )
        assert b" 400 " in await reader.readline()
        writer.close()
        assert not endpoint.link.done()
