"""A charger's socket in memory: what an ASGI server would give the gateway, and what it would do with its answers."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from adapters.ocpp.gateway import Gateway
from adapters.ocpp.websocket import EXTENSION, FLAW, NO_CLOSE_FRAME

Message = dict[str, Any]
OPEN, CLOSED, GONE = "open", "closed", "gone"


class Gone(OSError):
    """As uvicorn's ClientDisconnected: the peer left before we could say it."""


class FakeLink:
    """Stands for `adapters.ocpp.websocket.Link`; a ping waits until `answer` says whether anybody is there."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Heard of just now."""
        self.last_heard = clock()
        self.close_code: int | None = None
        self.close_reason = ""
        self.texts: list[bytes] = []
        self.pings: list[asyncio.Future[bool]] = []
        self.pinged = asyncio.Event()

    async def ping(self, timeout_s: float) -> bool:
        """Wait for the verdict; a closed connection is dead at once."""
        if self.close_code is not None:
            return False
        ping = asyncio.get_running_loop().create_future()
        self.pings.append(ping)
        self.pinged.set()
        return await ping

    def has_room(self) -> bool:
        """Memory takes all there is."""
        return True

    async def send_texts(self, texts: Iterable[bytes]) -> None:
        """Kept as they are; raises Gone after the end."""
        if self.close_code is not None:
            raise Gone
        self.texts.extend(texts)

    def close_unread(self, code: int, reason: str) -> None:
        """Over, without a word from the other side."""
        self.close_code, self.close_reason = code, reason

    def answer(self, *, alive: bool) -> None:
        """Every ping under way has its result."""
        while self.pings:
            self.pings.pop().set_result(alive)


class ChargerSocket:
    """One connection attempt and, where it is let in, the connection. `sent` is all that the gateway said."""

    def __init__(
        self,
        gateway: Gateway,
        path: str = "/ocpp/1.6/CP1",
        *,
        subprotocols: Sequence[str] = ("ocpp1.6",),
        scheme: str = "ws",
        headers: Sequence[tuple[bytes, bytes]] = (),
        peer: str = "10.0.0.7",
        certificate: bytes = b"",
    ) -> None:
        """Knock; the gateway runs as a task of its own. `certificate` is what TLS would have proven (DER)."""
        loop = asyncio.get_running_loop()
        self.link = FakeLink(loop.time)
        self.sent: list[Message] = []
        self.state = ""
        """Empty until the handshake is over; then OPEN, CLOSED (by the gateway) or GONE (the charger left)."""
        self.unread: tuple[str, ...] = ()
        """Frames that had come, and that the gateway had not taken, when it closed the connection."""
        self._waiting: list[str] = []
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._news = asyncio.Condition()
        chain = [ssl.DER_cert_to_PEM_cert(certificate)] if certificate else []
        scope = {
            "type": "websocket",
            "scheme": scheme,
            "raw_path": path.encode(),
            "subprotocols": list(subprotocols),
            "headers": [(b"user-agent", b"Beny/1.0.31"), *headers],
            "client": (peer, 4711),
            "extensions": {EXTENSION: self.link, "tls": {"client_cert_chain": chain}},
        }
        self.task = loop.create_task(cast(Any, gateway(scope, self._receive, self._send)))

    @property
    def status(self) -> int | None:
        """101, or the HTTP status of a refusal; None while undecided."""
        for message in self.sent:
            if message["type"] == "websocket.accept":
                return 101
            if message["type"] == "websocket.http.response.start":
                return int(message["status"])
        return None

    @property
    def words(self) -> str:
        """The body of a refusal."""
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    @property
    def texts(self) -> list[str]:
        """Every frame the gateway sent."""
        return [message["text"] for message in self.sent if message["type"] == "websocket.send"]

    def say(self, text: str) -> None:
        """Send a text frame, whatever the gateway may think of this connection by now."""
        self._waiting.append(text)
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    def say_flawed(self, raw: bytes, text: str | None, flaw: str) -> None:
        """Send a frame whose encoding is wrong."""
        self._inbox.put_nowait({"type": "websocket.receive", "bytes": raw, "text": text, FLAW: flaw})

    def leave(self, code: int = NO_CLOSE_FRAME, reason: str = "") -> None:
        """Hang up, with a Close frame unless the code is 1006."""
        if self.state != CLOSED:
            self.state = GONE
        if self.link.close_code is None:
            self.link.close_code, self.link.close_reason = code, reason
        self.link.answer(alive=False)
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait for the gateway to say something after which `reached` is true."""
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(reached)

    async def decided(self) -> int:
        """Wait for the end of the handshake; its status."""
        await self.until(lambda: self.status is not None)
        assert self.status is not None
        return self.status

    async def ask(self, text: str) -> str:
        """Send a frame and wait for the next one from the gateway."""
        before = len(self.texts)
        self.say(text)
        await self.until(lambda: len(self.texts) > before)
        return self.texts[before]

    async def ended(self) -> None:
        """Wait for the gateway to be done with this connection."""
        async with asyncio.timeout(5):
            await self.task

    async def _receive(self) -> Message:
        message = await self._inbox.get()
        if message.get("text") in self._waiting:
            self._waiting.remove(message["text"])
        return message

    async def _send(self, message: Message) -> None:
        if self.state == GONE:
            raise Gone
        if self.state == CLOSED:
            raise RuntimeError(f"Unexpected ASGI message '{message['type']}', after 'websocket.close'")
        self.sent.append(message)
        if message["type"] == "websocket.accept":
            self.state = OPEN
        elif message["type"] == "websocket.close":
            self.state = CLOSED
            self.unread = tuple(self._waiting)
            self.link.close_code, self.link.close_reason = message["code"], message.get("reason", "")
            self._inbox.put_nowait({"type": "websocket.disconnect", "code": message["code"]})
        async with self._news:
            self._news.notify_all()
