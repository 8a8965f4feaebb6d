"""One charger of the load: a raw asyncio protocol, 8–10 µs of CPU a message, so that the server is measured."""

import asyncio
import struct
import zlib
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from typing import cast

import msgspec

from adapters.ocpp.versions import Version
from application import clock
from entrypoints.bench.messages import Life

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_TEXT, _CLOSE, _PING = 1, 8, 9
_RSV1 = 0x40
_FLUSHED = b"\x00\x00\xff\xff"
"""What permessage-deflate leaves away at the end of a message (RFC 7692 §7.2.1)."""


class Tally(msgspec.Struct):
    """What all chargers of a load have seen."""

    latencies: list[float] = msgspec.field(default_factory=list)
    """Seconds from the moment a message was due to its answer."""
    wrong: int = 0
    """Answers that were no CALLRESULT."""
    lost: int = 0
    """Connections that ended though nobody had asked for it."""
    refused: int = 0
    """Handshakes that were not answered with 101."""
    first_wrong: str = ""


def frame(text: bytes, *, opcode: int = _TEXT, rsv1: bool = False) -> bytes:
    """A client's frame; the mask is zero, which is allowed and spares the generator the work."""
    size = len(text)
    head = bytes([0x80 | opcode | (_RSV1 if rsv1 else 0)])
    if size < 126:
        head += bytes([0x80 | size])
    else:
        head += b"\xfe" + struct.pack(">H", size)
    return head + b"\0\0\0\0" + text


class Client(asyncio.Protocol):
    """Connects, then says what its life yields, one message after the answer to the one before."""

    def __init__(self, cpid: str, password: str, version: Version, tally: Tally, *, deflate: bool) -> None:
        self.cpid, self.version = cpid, version
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.life: Life | None = None
        self.on_answer: Callable[[Client, float], None] | None = None
        self._password, self._tally, self._deflate = password, tally, deflate
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._due: deque[float] = deque()
        self._asked = 0.0
        self._sent = 0
        self._expecting = b""
        self._answer = b""
        self._leaving = False

    # -- what the load does ---------------------------------------------------------------------------------

    def live(self, life: Life) -> None:
        """Begin a life; nothing is said yet."""
        self.life = life
        self._answer = b""

    @property
    def busy(self) -> bool:
        """Is an answer awaited?"""
        return bool(self._expecting)

    def say(self, due: float) -> None:
        """Say the next message, which was due at `due` (`clock.monotonic`); after the answers to those before."""
        if self._expecting:
            self._due.append(due)
            return
        self._asked = due
        self._sent += 1
        life = self.life
        assert life is not None  # noqa: S101 - `live` comes first
        action, payload = life.send(self._answer) if self._answer else next(life)
        self._write(f'[2,"{self._sent}","{action}",{payload}]'.encode())
        self._expecting = f'[3,"{self._sent}",'.encode()

    def leave(self, *, abruptly: bool = False) -> None:
        """Close the connection; `abruptly` as in a power cut."""
        self._leaving = True
        if self._transport is not None:
            if not abruptly:
                self._transport.write(frame(b"\x03\xe8", opcode=_CLOSE))
                self._transport.close()
            else:
                self._transport.abort()

    # -- what asyncio calls ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Knock."""
        self._transport = cast(asyncio.Transport, transport)
        basic = b64encode(f"{self.cpid}:{self._password}".encode()).decode()
        extension = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        self._transport.write(
            (
                f"GET /ocpp/{self.cpid} HTTP/1.1\r\nHost: zeus\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Basic {basic}\r\n"
                f"{extension if self._deflate else ''}"
                f"Sec-WebSocket-Protocol: {self.version.subprotocol}\r\n\r\n"
            ).encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Count what was not our wish."""
        if not self.opened.done():
            self._tally.refused += 1
            self.opened.set_exception(
                ConnectionRefusedError(f"{self.cpid}: {exc or 'closed in the handshake'}")
            )
            self.opened.exception()  # whoever does not wait for it has seen the count
        elif not self._leaving:
            self._tally.lost += 1

    def data_received(self, data: bytes) -> None:
        """Read the frames that have arrived whole."""
        data = self._buffer + data if self._buffer else data
        if not self.opened.done():
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            if b" 101 " not in head[:16]:
                self._tally.refused += 1
                self.opened.set_exception(ConnectionRefusedError(head[:200].decode("latin-1")))
                return
            self.opened.set_result(None)
        self._buffer = self._read(data) if data else b""

    # -- frames ---------------------------------------------------------------------------------------------

    def _read(self, data: bytes) -> bytes:
        while len(data) >= 2:
            size, start = data[1], 2
            if size == 126:
                if len(data) < 4:
                    break
                size, start = int.from_bytes(data[2:4], "big"), 4
            end = start + size
            if len(data) < end:
                break
            self._take(data[0], data[start:end])
            data = data[end:]
        return data

    def _take(self, head: int, payload: bytes) -> None:
        opcode = head & 0x0F
        if opcode == _TEXT:
            if head & _RSV1:
                payload = zlib.decompressobj(-15).decompress(payload + _FLUSHED)
            self._answered(payload)
        elif opcode == _PING and self._transport is not None:
            self._transport.write(frame(payload, opcode=10))

    def _answered(self, text: bytes) -> None:
        if text.startswith(b"[2,"):  # a command: agreed to at once, whatever it is
            self._write(b"[3," + text.split(b",", 2)[1] + b',{"status":"Accepted"}]')
            return
        now = clock.monotonic()
        if not text.startswith(self._expecting):
            self._tally.wrong += 1
            self._tally.first_wrong = self._tally.first_wrong or text[:300].decode(errors="replace")
        self._tally.latencies.append(now - self._asked)
        self._answer, self._expecting = text, b""
        if self._due:
            self.say(self._due.popleft())
        if self.on_answer is not None:
            self.on_answer(self, now)

    def _write(self, text: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - said only after the handshake
        if self._deflate:
            press = zlib.compressobj(1, zlib.DEFLATED, -12, 5)
            pressed = press.compress(text) + press.flush(zlib.Z_SYNC_FLUSH)
            self._transport.write(frame(pressed.removesuffix(_FLUSHED), rsv1=True))
        else:
            self._transport.write(frame(text))
