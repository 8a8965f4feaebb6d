"""A connection to the other system in the name of one charger; what it asks of the charger is refused and counted."""

import asyncio
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from adapters.ocpp.frames import Call, CallError, CallResult, call_error, read_frame
from adapters.ocpp.versions import Version

OPEN_S = 15.0
LARGEST = 4 * 2**20
USER_AGENT = "Zeus-Mirror/1"
_MOMENTARY = frozenset({408, 425, 429})


class NotLetIn(Exception):
    """The other system refuses this charger; the words say how."""


class Away(Exception):
    """The other system is not to be reached now; the words say why."""


class Gone(Exception):
    """It closed the connection, or lost it."""


class Peer:
    """One connection."""

    def __init__(self, socket: ClientConnection, version: Version) -> None:
        self._socket = socket
        self._version = version
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._reading = asyncio.create_task(self._read())
        self.asked: Counter[str] = Counter()
        """By action, what it wanted of the charger."""

    async def ask(self, frame: str, message_id: str, timeout_s: float) -> str | None:
        """Say a call and wait for its answer; None where none came in time. Raises Gone."""
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = answer
        try:
            await self.say(frame)
            done, _ = await asyncio.wait(
                (answer, self._reading), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if answer in done:
                return answer.result()
            if done:
                raise Gone
            return None
        finally:
            del self._waiting[message_id]

    async def say(self, frame: str) -> None:
        """Say what is not answered. Raises Gone."""
        try:
            await self._socket.send(frame)
        except ConnectionClosed:
            raise Gone from None

    async def close(self) -> None:
        """Say goodbye, and let go of it."""
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading
        with suppress(OSError):
            await self._socket.close()

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for message in self._socket:
                if isinstance(message, str):
                    await self._take(message)

    async def _take(self, text: str) -> None:
        frame = read_frame(text, self._version)
        if isinstance(frame, CallResult | CallError):
            waiting = self._waiting.get(str(frame.message_id))
            if waiting is not None and not waiting.done():
                waiting.set_result(text)
        elif isinstance(frame, Call):
            self.asked[frame.action[:50]] += 1
            words = "This connection repeats what a charger says; nothing can be asked of it."
            await self._socket.send(call_error(frame.message_id, "NotSupported", words))


Open = Callable[[str, Version], Any]
"""(cpid, version) → Peer, awaited. Raises NotLetIn, Away."""


async def open_peer(url: str, cpid: str, version: Version, password: str | None) -> Peer:
    """Connect as this charger. Raises NotLetIn, Away."""
    headers = {}
    if password is not None:
        headers["Authorization"] = "Basic " + b64encode(f"{cpid}:{password}".encode()).decode()
    try:
        socket = await connect(
            f"{url.rstrip('/')}/{quote(cpid, safe='')}",
            subprotocols=[Subprotocol(version.subprotocol)],
            additional_headers=headers,
            user_agent_header=USER_AGENT,
            open_timeout=OPEN_S,
            close_timeout=1,
            max_size=LARGEST,
            proxy=None,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        if status >= 500 or status in _MOMENTARY:
            raise Away(f"HTTP {status}") from None
        raise NotLetIn(f"HTTP {status}") from None
    except (InvalidHandshake, InvalidURI) as error:
        raise NotLetIn(str(error)[:100]) from None
    except (OSError, TimeoutError) as error:
        raise Away(str(error)[:100] or type(error).__name__) from None
    if socket.subprotocol != version.subprotocol:
        await socket.close()
        raise NotLetIn(f"it does not speak {version.subprotocol}")
    return Peer(socket, version)


def payload_of(answer: str) -> Any:
    """What an answer holds; None where it is none."""
    try:
        message = json.loads(answer)
    except ValueError:
        return None
    return message[2] if isinstance(message, list) and len(message) > 2 and message[0] == 3 else None
