"""A tiny central system: checks every frame against the schemas, answers it, and remembers all."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.simulator.schemas import accepted_answer, violations

SUBPROTOCOLS = [Subprotocol(name) for name in ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")]


class CentralSystem:
    """What was received, by charger; `reply` may replace the answer to a call (None: keep silent)."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[tuple[str, list[Any]]] = []
        self.texts: list[str] = []
        self.violations: list[str] = []
        self.credentials: dict[str, str] = {}
        self.sockets: dict[str, ServerConnection] = {}
        self.connections = 0
        self.news = asyncio.Condition()
        self.reply: Callable[[str, list[Any]], str | None] | None = None

    def calls(self, charger: str, action: str) -> list[dict[str, Any]]:
        """The payloads of all calls of an action, in order of arrival."""
        return [f[3] for c, f in self.received if c == charger and f[0] == 2 and f[2] == action]

    async def until(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait for something to become true through a frame or a connection."""
        async with asyncio.timeout(timeout_s), self.news:
            await self.news.wait_for(condition)

    async def handle(self, socket: ServerConnection) -> None:
        """Serve one connection."""
        assert socket.request is not None
        charger = socket.request.path.rsplit("/", 1)[1]
        header = socket.request.headers.get("Authorization")
        if header:
            self.credentials[charger] = b64decode(header.removeprefix("Basic ")).decode()
        self.sockets[charger] = socket
        self.connections += 1
        try:
            async for text in socket:
                assert isinstance(text, str)
                self.texts.append(text)
                answer = self.answer(charger, socket.subprotocol or "", text)
                if answer is not None:
                    await socket.send(answer)
                async with self.news:
                    self.news.notify_all()
        except ConnectionClosed:
            return

    def answer(self, charger: str, subprotocol: str, text: str) -> str | None:
        """Check a frame and make its answer."""
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError:
            self.violations.append(f"unreadable: {text[:80]}")
            return None
        if not isinstance(frame, list) or len(frame) < 3:
            self.violations.append(f"no frame: {text[:80]}")
            return None
        self.received.append((charger, frame))
        if frame[0] != 2:
            return None
        version = subprotocol.removeprefix("ocpp")
        self.violations += violations(version, frame[2], frame[3])
        if self.reply is not None:
            return self.reply(charger, frame)
        return orjson.dumps([3, frame[1], accepted_answer(version, frame[2])]).decode()


@asynccontextmanager
async def central_system(port: int = 0) -> AsyncIterator[CentralSystem]:
    """A running one on a free (or the given) port of the loopback."""
    system = CentralSystem()
    async with serve(system.handle, "127.0.0.1", port, subprotocols=SUBPROTOCOLS, compression=None) as server:
        bound = next(iter(server.sockets)).getsockname()[1]
        system.url = f"ws://127.0.0.1:{bound}/ocpp"
        yield system
