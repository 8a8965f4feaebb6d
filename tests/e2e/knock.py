"""A WebSocket handshake by hand: exactly the bytes a test wants, and everything that comes back."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
CLOSE = 0x88


def basic(user: str, password: bytes) -> str:
    """The Authorization header of these credentials."""
    return "Basic " + b64encode(user.encode() + b":" + password).decode()


def text_frame(text: str) -> bytes:
    """A client's text frame of less than 64 KB, masked with zeros."""
    payload = text.encode()
    head = (
        bytes((0x81, 0x80 | len(payload)))
        if len(payload) < 126
        else b"\x81\xfe" + len(payload).to_bytes(2, "big")
    )
    return head + bytes(4) + payload


class Knock:
    """A TCP connection on which an upgrade was asked for; use as `async with`."""

    def __init__(self, status: int, headers: Mapping[str, str], reader: asyncio.StreamReader,
                 writer: asyncio.StreamWriter) -> None:  # fmt: skip
        self.status = status
        self.headers = headers
        """By lower-case name."""
        self.reader = reader
        self.writer = writer

    @classmethod
    async def at(
        cls,
        port: int,
        path: str,
        *,
        subprotocols: Sequence[str] = ("ocpp1.6",),
        authorization: str | None = None,
    ) -> Self:
        """Ask for `path` as it stands, without any encoding."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [
            f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", "User-Agent: Beny/1.0.31",
        ]  # fmt: skip
        if subprotocols:
            lines.append(f"Sec-WebSocket-Protocol: {', '.join(subprotocols)}")
        if authorization is not None:
            lines.append(f"Authorization: {authorization}")
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        async with asyncio.timeout(20):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
        }
        return cls(int(head[0].split()[1]), headers, reader, writer)

    async def close_code(self) -> int:
        """The code of the Close frame that comes next; anything else is an AssertionError."""
        async with asyncio.timeout(10):
            first, length = await self.reader.readexactly(2)
            payload = await self.reader.readexactly(length)
        assert first == CLOSE, f"frame {first:#x} {payload!r}"
        return int.from_bytes(payload[:2], "big")

    async def words(self) -> str:
        """The body of a refusal."""
        async with asyncio.timeout(10):
            return (await self.reader.readexactly(int(self.headers["content-length"]))).decode()

    async def ended(self) -> bytes:
        """What still comes until the server closes TCP."""
        async with asyncio.timeout(15):
            return await self.reader.read()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()
