"""The WebSocket server protocol: uvicorn's sans-I/O one, with what a charger's connection needs besides ASGI.

Passed to uvicorn as `ws=ChargerWebSocket`. It adds to the scope `extensions["zeus.websocket"]`, a `Link`, over TLS
also `extensions["tls"]` with the client's certificate (ASGI's own TLS extension), and to `websocket.receive`
messages the key `zeus.flaw`: `binary` for a binary frame, `invalid_utf8` for text that is not UTF-8. The latter would
end the connection by RFC 6455 §8.1, and again after each reconnect, for one Latin-1 letter in an `info`. It is
delivered with `bytes` as received and `text` with U+FFFD for the unreadable.
"""

import asyncio
import ssl
from collections.abc import Iterable
from struct import Struct
from typing import Any, cast

from uvicorn._types import ASGIReceiveEvent
from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Close
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from adapters.ocpp.mailbox import Mailbox

EXTENSION = "zeus.websocket"
"""The key of the `Link` in the scope's extensions."""
FLAW = "zeus.flaw"
"""The key in a `websocket.receive` message that says what was wrong with its encoding."""

READ_AHEAD = 4
"""Messages of one charger that may wait before its socket is no longer read: the back-pressure."""

ABORT_S = 5.0
"""A closing transport waits for its reader for ever: so long for one who reads nothing."""

PLAIN = "/ws/"
"""Sockets below this path carry messages that were made once for many: compressing them would be done for each."""

NO_CLOSE_FRAME = 1006
"""RFC 6455 §7.4.1: the connection was lost without a Close frame."""


_WHOLE_TEXT = 0x81
_SHORT, _LONG = Struct(">BBH"), Struct(">BBQ")

_DEFLATE = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True,
    server_max_window_bits=12,
    client_max_window_bits=12,
    compress_settings={"memLevel": 5},
)
"""Half the memory of the default per connection; a repeating MeterValues still takes 24 bytes on the wire."""


class Link:
    """The connection as the endpoint may ask about it."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: "ChargerWebSocket") -> None:
        self._protocol = protocol

    @property
    def last_heard(self) -> float:
        """When bytes last came from the charger, in seconds of the monotonic `loop.time()`."""
        return self._protocol.last_heard

    @property
    def close_code(self) -> int | None:
        """The true close code: the charger's, else ours, else 1006; None while the connection is open."""
        close = self._protocol.close_frame
        if close is not None:
            return close.code
        return NO_CLOSE_FRAME if self._protocol.disconnected else None

    @property
    def close_reason(self) -> str:
        """The words that came with the close code."""
        close = self._protocol.close_frame
        return close.reason if close is not None else ""

    async def ping(self, timeout_s: float) -> bool:
        """Send a ping; True when anything is heard within `timeout_s`, False when the charger is gone.

        Any bytes count, not the pong alone: some chargers never answer pings but go on talking. Bytes that
        were waiting to be read count as well.
        """
        return await self._protocol.ping(timeout_s)

    def has_room(self) -> bool:
        """Does the network take what is sent at once?"""
        return self._protocol.writable.is_set()

    async def send_texts(self, texts: Iterable[bytes]) -> None:
        """Text messages as bytes, in one piece, as soon as the network has room.

        Raises OSError where nobody is there any more.
        """
        await self._protocol.send_texts(texts)

    def close_unread(self, code: int, reason: str) -> None:
        """Close a socket whose other side reads nothing: without waiting for it, and for good within seconds."""
        self._protocol.close_unread(code, reason)


class ChargerWebSocket(WebSocketsSansIOProtocol):
    """One charger's socket."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.mailbox = Mailbox(self.loop)
        self.queue = cast("asyncio.Queue[ASGIReceiveEvent]", self.mailbox)
        self.conn = ServerProtocol(
            extensions=[_DEFLATE] if config.ws_per_message_deflate else [],
            max_size=config.ws_max_size,
            logger=self.logger,
        )
        self.last_heard = self.loop.time()
        self._waiting: set[asyncio.Future[bool]] = set()

    @property
    def close_frame(self) -> Close | None:
        """The Close frame of whoever closed first, None where there was none."""
        if self.conn.close_rcvd_then_sent is False:
            return self.conn.close_sent
        return self.conn.close_rcvd or self.conn.close_sent

    def data_received(self, data: bytes) -> None:
        """Note the time before the bytes are looked at: whatever they are, the charger is there."""
        self.last_heard = self.loop.time()
        if self._waiting:
            self._answer(alive=True)
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake those who wait for a sign of life."""
        self._answer(alive=False)
        super().connection_lost(exc)

    def handle_connect(self, event: Request) -> None:
        """Put the link into the scope; the endpoint's task has not started yet."""
        if event.path.startswith(PLAIN):
            self.conn.available_extensions = []
        super().handle_connect(event)
        if self.conn.state is not State.CLOSED and hasattr(self, "scope"):
            extensions = cast(dict[str, object], self.scope["extensions"])
            extensions[EXTENSION] = Link(self)
            secured = self.transport.get_extra_info("ssl_object")
            if secured is not None:
                extensions["tls"] = _tls_of(secured)

    def send_receive_event_to_app(self) -> None:
        """Deliver a message; one whose encoding is wrong is delivered with its flaw instead of a Close.

        Reading stops only when `READ_AHEAD` messages wait: to stop and start it for each message, as uvicorn
        does, costs two system calls a message when the endpoint waits for a commit in between.
        """
        data = bytes(self.frames[0] if len(self.frames) == 1 else b"".join(self.frames))
        self.frames = []
        if self.close_sent:
            return
        self.mailbox.put_nowait(_message(data, is_text=self.curr_msg_data_type == "text"))
        if len(self.mailbox) >= READ_AHEAD and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    async def receive(self) -> ASGIReceiveEvent:
        """The next message; reading goes on when all that was read ahead has been taken."""
        message = await self.mailbox.get()
        if self.read_paused and not len(self.mailbox):
            self.read_paused = False
            self.transport.resume_reading()
        return cast(ASGIReceiveEvent, message)

    async def ping(self, timeout_s: float) -> bool:
        """See `Link.ping`."""
        if self.disconnected or self.close_sent or self.conn.state is not State.OPEN:
            return False
        heard: asyncio.Future[bool] = self.loop.create_future()
        self._waiting.add(heard)
        self.conn.send_ping(b"zeus")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.resume_reading()  # uvicorn stops reading while a message waits for the endpoint
        try:
            async with asyncio.timeout(timeout_s):
                return await heard
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(heard)
            if self.read_paused and not self.transport.is_closing():
                self.transport.pause_reading()

    async def send_texts(self, texts: Iterable[bytes]) -> None:
        """See `Link.send_texts`. What is not compressed has the same frame for everybody, who need no state for it."""
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.conn.state is not State.OPEN:
            raise ClientDisconnected
        if self.conn.extensions:
            for text in texts:
                self.conn.send_text(text)
            self.transport.write(b"".join(self.conn.data_to_send()))
        else:
            self.transport.write(b"".join([part for text in texts for part in (_head(len(text)), text)]))

    def close_unread(self, code: int, reason: str) -> None:
        """See `Link.close_unread`."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.loop.call_later(ABORT_S, self.transport.abort)

    def _answer(self, *, alive: bool) -> None:
        for heard in self._waiting:
            if not heard.done():
                heard.set_result(alive)


def _head(length: int) -> bytes:
    """Of a whole text message without a mask, as servers send it (RFC 6455 §5.2)."""
    if length < 126:
        return bytes((_WHOLE_TEXT, length))
    if length < 1 << 16:
        return _SHORT.pack(_WHOLE_TEXT, 126, length)
    return _LONG.pack(_WHOLE_TEXT, 127, length)


def _tls_of(secured: ssl.SSLObject) -> dict[str, object]:
    """The TLS extension of ASGI, as far as anybody here asks for it."""
    der = secured.getpeercert(binary_form=True)
    suite = secured.cipher()
    return {
        "client_cert_chain": [] if der is None else [ssl.DER_cert_to_PEM_cert(der)],
        "zeus.version": secured.version() or "",
        "zeus.cipher": suite[0] if suite else "",
    }


def _message(data: bytes, *, is_text: bool) -> dict[str, Any]:
    """The ASGI message of a frame, with its flaw if its encoding has one."""
    if not is_text:
        return {"type": "websocket.receive", "bytes": data, "text": None, FLAW: "binary"}
    try:
        return {"type": "websocket.receive", "text": data.decode()}
    except UnicodeDecodeError:
        text = data.decode(errors="replace")
        return {"type": "websocket.receive", "bytes": data, "text": text, FLAW: "invalid_utf8"}
