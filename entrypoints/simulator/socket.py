"""The charger's WebSocket: the sans-I/O client of `websockets` on a bare asyncio transport (the cheapest)."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable, Sequence
from random import Random
from typing import cast
from urllib.parse import quote

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri


class HandshakeRefused(Exception):
    """The server refused the connection; check the charger's id, its password and the endpoint URL."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        """The HTTP status, None where the refusal was not an HTTP answer."""


_TEXT = 0x81
"""First byte of an unfragmented text frame."""


def _masked(payload: bytes) -> bytes:
    """A client's text frame. The masking key is zero: the secrecy of keys protects proxies from browsers, and
    the server has the same work with it (RFC 6455 §5.3).
    """
    length = len(payload)
    if length < 126:
        return bytes((_TEXT, 0x80 | length, 0, 0, 0, 0)) + payload
    if length < 65_536:
        return bytes((_TEXT, 0xFE, length >> 8, length & 255, 0, 0, 0, 0)) + payload
    return b"\x81\xff" + length.to_bytes(8, "big") + bytes(4) + payload


class ChargerSocket(asyncio.Protocol):
    """One connection. Texts received go to `on_text`; `on_closed` is called once with the close code."""

    def __init__(self, protocol: ClientProtocol, authorization: str | None) -> None:
        self.on_text: Callable[[str], None] | None = None
        self.on_closed: Callable[[int], None] | None = None
        self.opened: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        """Resolves to the subprotocol agreed on."""
        self._protocol = protocol
        self._authorization = authorization
        self._transport: asyncio.Transport | None = None
        self._lost = asyncio.Event()
        self._plain = False
        """Open and without extensions: whole text frames need no general parser."""
        self._fragments: list[bytes] = []
        self._early: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP (and TLS) is there: ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        request = self._protocol.connect()
        if self._authorization is not None:
            request.headers["Authorization"] = self._authorization
        self._protocol.send_request(request)
        self._write()

    def data_received(self, data: bytes) -> None:
        """Bytes from the server."""
        if self._plain and not self._protocol.reader.buffer:
            data = self._whole_texts(data)
            if not data:
                return
        self._protocol.receive_data(data)
        self._write()
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._frame(event)
            elif isinstance(event, Response):
                self._upgraded(event)

    def _whole_texts(self, data: bytes) -> bytes:
        """Take whole text frames off the front; what is left is for the general parser."""
        while len(data) >= 2 and data[0] == _TEXT and not self._fragments:
            length, start = data[1], 2
            if length == 126 and len(data) >= 4:
                length, start = int.from_bytes(data[2:4], "big"), 4
            elif length > 125:
                break
            if len(data) < start + length:
                break
            text, data = data[start : start + length], data[start + length :]
            self._text(text)
        return data

    def eof_received(self) -> bool:
        """The server is done sending."""
        self._protocol.receive_eof()
        self._write()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The TCP connection is gone."""
        if not self.opened.done():
            self.opened.set_exception(HandshakeRefused("the connection was closed during the handshake"))
        self._transport = None
        self._lost.set()
        if self.on_closed is not None:
            self.on_closed(self._protocol.close_code or 1006)

    def _upgraded(self, response: Response) -> None:
        refusal = self._protocol.handshake_exc
        if self.opened.done():
            return
        if refusal is None:
            self._plain = not self._protocol.extensions
            self.opened.set_result(self._protocol.subprotocol)
            return
        status = response.status_code if isinstance(refusal, InvalidStatus) else None
        self.opened.set_exception(HandshakeRefused(str(refusal), status))

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            self._text(bytes(frame.data))
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                self._text(b"".join(self._fragments))
                self._fragments.clear()

    def _text(self, data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        if self.on_text is None:
            self._early.append(text)
        else:
            self.on_text(text)

    def listen(self, on_text: Callable[[str], None], on_closed: Callable[[int], None]) -> None:
        """Begin to take what arrives, including what arrived already."""
        self.on_text, self.on_closed = on_text, on_closed
        early, self._early = self._early, []
        for text in early:
            on_text(text)

    def send(self, text: str) -> bool:
        """Send a text frame; False when the connection is closing or gone."""
        if self._transport is None or self._protocol.state is not State.OPEN:
            return False
        if self._plain:
            self._transport.write(_masked(text.encode()))
        else:
            self._protocol.send_text(text.encode())
            self._write()
        return True

    def close(self, code: int = 1000) -> None:
        """Close politely."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code)
            self._write()

    def abort(self) -> None:
        """Drop TCP without a word, as a power cut does."""
        if self._transport is not None:
            self._transport.abort()

    async def finish(self, code: int = 1000, timeout_s: float = 1.0) -> None:
        """Close and wait until TCP is gone, dropping it when the server takes too long."""
        self.close(code)
        try:
            async with asyncio.timeout(timeout_s):
                await self._lost.wait()
        except TimeoutError:
            self.abort()
            await self._lost.wait()

    def deafen(self) -> None:
        """Stop reading for ever without closing (half-open); nothing is answered, not even pings."""
        if self._transport is not None:
            self._transport.pause_reading()

    @property
    def alive(self) -> bool:
        """Texts can be sent."""
        return self._transport is not None and self._protocol.state is State.OPEN

    def _write(self) -> None:
        transport = self._transport
        if transport is None:
            return
        for data in self._protocol.data_to_send():
            if data:
                transport.write(data)
            elif transport.can_write_eof():
                transport.write_eof()


async def connect(
    url: str,
    charger_id: str,
    *,
    subprotocols: Sequence[str],
    password: str | None = None,
    compress: bool = False,
    tls: ssl.SSLContext | None = None,
    timeout_s: float = 30.0,
) -> ChargerSocket:
    """Connect to `url` + `/` + the percent-encoded id (OCPP-J 3.1.1), with Basic auth if there is a password.

    Raises HandshakeRefused (HTTP status, wrong or missing subprotocol), OSError or TimeoutError.
    """
    try:
        uri = parse_uri(f"{url.rstrip('/')}/{quote(charger_id, safe='')}")
    except InvalidURI as wrong:
        raise HandshakeRefused(str(wrong)) from wrong
    offered = [Subprotocol(name) for name in subprotocols]
    extensions = [ClientPerMessageDeflateFactory(client_max_window_bits=12)] if compress else None
    protocol = ClientProtocol(uri, subprotocols=offered or None, extensions=extensions)
    secret = None
    if password is not None:
        secret = "Basic " + b64encode(f"{charger_id}:{password}".encode()).decode()
    context = (tls or ssl.create_default_context()) if uri.secure else None
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_s):
        _, channel = await loop.create_connection(
            lambda: ChargerSocket(protocol, secret), uri.host, uri.port, ssl=context
        )
        try:
            agreed = await channel.opened
        except (InvalidHandshake, HandshakeRefused, asyncio.CancelledError):
            channel.abort()
            raise
    if offered and agreed is None:
        await channel.finish(1002)
        raise HandshakeRefused("the server chose none of the subprotocols " + ", ".join(subprotocols))
    return channel


class Backoff:
    """Waiting times between attempts: doubled from `first_s` up to `most_s`, each with ±50 % jitter."""

    def __init__(self, random: Random, *, first_s: float = 0.5, most_s: float = 30.0) -> None:
        self._random = random
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s

    def wait_s(self) -> float:
        """The next waiting time in real seconds."""
        wait_s, self._next_s = self._next_s, min(self._next_s * 2, self._most_s)
        return wait_s * self._random.uniform(0.5, 1.5)

    def reset(self) -> None:
        """The connection worked: begin again with short waits."""
        self._next_s = self._first_s
