"""Another central system, as a test wishes it: a plain WebSocket server that answers by a function."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

Answer = Callable[[str, str, dict[str, Any]], Any]
"""(cpid, action, payload) → payload of the answer, None for silence, an exception class `Hang` to hang up."""


class HangUp(Exception):
    """The connection is closed instead of an answer."""


class OtherSystem:
    """What it heard, in order."""

    def __init__(self, answer: Answer, refused: dict[str, int] | None = None) -> None:
        self.answer = answer
        self.refused = refused or {}
        """HTTP status by charge point id."""
        self.heard: list[tuple[str, list[Any]]] = []
        """(cpid, frame)."""
        self.opened: list[tuple[str, str | None, str | None]] = []
        """(cpid, subprotocol, Authorization)."""
        self.closed: list[str] = []
        self.wishes: list[list[Any]] = []
        """Calls that it makes on the next connection, once it was opened."""
        self.told: list[Any] = []
        """What came of them."""
        self.port = 0
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Where chargers connect."""
        return f"ws://127.0.0.1:{self.port}/ocpp"

    def ids(self, cpid: str) -> list[str]:
        """Of the calls that were heard of this charger."""
        return [frame[1] for one, frame in self.heard if one == cpid]

    async def start(self) -> None:
        """Listen, at the same port each time."""
        versions = [Subprotocol(f"ocpp{one}") for one in ("1.6", "2.0.1", "2.1")]
        self._server = await serve(
            self._talk, "127.0.0.1", self.port, subprotocols=versions, process_request=self._judge
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be away."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _judge(self, connection: ServerConnection, request: Request) -> Response | None:
        status = self.refused.get(_cpid(request.path))
        return None if status is None else connection.respond(HTTPStatus(status), "")

    async def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        cpid = _cpid(connection.request.path)
        self.opened.append((cpid, connection.subprotocol, connection.request.headers.get("Authorization")))
        wishes, self.wishes = self.wishes, []
        for wish in wishes:
            await connection.send(json.dumps(wish))
        async for message in connection:
            frame = json.loads(message)
            if frame[0] in (3, 4):
                self.told.append(frame)
                continue
            self.heard.append((cpid, frame))
            try:
                payload = self.answer(cpid, frame[2], frame[3])
            except HangUp:
                await connection.close()
                break
            if payload is not None:
                await asyncio.sleep(0)
                await connection.send(json.dumps([3, frame[1], payload]))
        self.closed.append(cpid)


def _cpid(path: str) -> str:
    return unquote(path.rsplit("/", 1)[1])


@asynccontextmanager
async def other_system(answer: Answer, refused: dict[str, int] | None = None) -> AsyncIterator[OtherSystem]:
    """One that listens."""
    system = OtherSystem(answer, refused)
    await system.start()
    try:
        yield system
    finally:
        await system.stop()
