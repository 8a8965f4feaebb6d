"""One who asks for commands: an HTTP connection kept alive, as lean as can be, so that the server is measured."""

import asyncio
from typing import Any, NamedTuple

import orjson

from application import clock


class Replied(NamedTuple):
    """What the API answered, and after how long."""

    status: int
    body: Any
    seconds: float


class Asker:
    """A client of one process of the API: whichever took its connection. One request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        self._reader, self._writer = reader, writer
        self._common = f"Host: zeus\r\nAuthorization: Bearer {token}\r\n"

    @classmethod
    async def open(cls, port: int, token: str) -> "Asker":
        """Connect. Raises OSError."""
        return cls(*await asyncio.open_connection("127.0.0.1", port), token)

    @property
    def local_port(self) -> int:
        """Ours: by it the server's processes can be told apart."""
        port: int = self._writer.get_extra_info("sockname")[1]
        return port

    async def get(self, path: str) -> Replied:
        """GET `/api/ocpp` + `path`."""
        return await self._ask(f"GET /api/ocpp{path} HTTP/1.1\r\n{self._common}\r\n".encode())

    async def post(self, path: str, body: object, **headers: str) -> Replied:
        """POST a JSON body to `/api/ocpp` + `path`; `_` in the names of headers stands for `-`."""
        content = orjson.dumps(body)
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"POST /api/ocpp{path} HTTP/1.1\r\n{self._common}{more}Content-Type: application/json\r\n"
        return await self._ask(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)

    async def command(self, cpid: str, action: str, payload: object, **more: object) -> Replied:
        """Ask the charger for something; the answer is awaited as long as the API does by itself."""
        body = {"action": action, "payload": payload, **more}
        return await self.post(f"/chargers/{cpid}/commands", body)

    async def close(self) -> None:
        """Go."""
        self._writer.close()

    async def _ask(self, request: bytes) -> Replied:
        began = clock.monotonic()
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = 0
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        body = await self._reader.readexactly(length)
        seconds = clock.monotonic() - began
        return Replied(int(head.split(" ", 2)[1]), orjson.loads(body) if body else None, seconds)
