"""Attacks on a running server, each as fast as one attacker can; run by `tests/attacks/measured.py` in a process of
its own. What each returns is how often it tried, and how often it got through, which is to be never."""

import asyncio
import json
import secrets
import zlib
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

BAD = (OSError, EOFError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
"""How a connection ends that the server cuts."""
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


@dataclass
class Target:
    """Whom to attack, and with what the attacker may have come by honestly."""

    port: int
    victim: str
    """An honest charger that is connected."""
    own: str
    """A charger of the attacker's own, with a password."""
    password: str
    """Of its own charger."""
    lost: str
    """The victim's, which somebody wrote on a wall."""
    until: float
    """`monotonic`, when to stop."""
    address: str = "127.0.0.2"
    """Where the attacker is; the honest are elsewhere."""
    tries: int = 0
    through: int = 0

    @property
    def going(self) -> bool:
        """Is there time left?"""
        return monotonic() < self.until


Attack = Callable[[Target], Awaitable[None]]


async def opened(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(5):
        return await asyncio.open_connection("127.0.0.1", target.port, local_addr=(target.address, 0))


async def knock(
    target: Target, cpid: str, password: str | None = None, extra: str = "", version: str = "ocpp1.6"
) -> tuple[int, asyncio.StreamReader, asyncio.StreamWriter]:
    """An upgrade asked for; the status of the answer."""
    reader, writer = await opened(target)
    basic = "" if password is None else "Basic " + b64encode(f"{cpid}:{password}".encode()).decode()
    head = f"GET /ocpp/{cpid} HTTP/1.1\r\nHost: z\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{extra}"
    head += f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {version}\r\n"
    writer.write((head + (f"Authorization: {basic}\r\n" if basic else "") + "\r\n").encode())
    async with asyncio.timeout(10):
        answer = await reader.readuntil(b"\r\n\r\n")
    return int(answer[9:12]), reader, writer


def frame(payload: bytes, first: int = 0x81) -> bytes:
    """A client's frame, masked with zeros."""
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65_536:
        head = bytes((first, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + size.to_bytes(8, "big")
    return head + bytes(4) + payload


async def in_parallel(target: Target, one: Attack, n: int = 8) -> None:
    """`n` at once, each again and again; what the server cuts is tried anew."""

    async def again() -> None:
        while target.going:
            with suppress(*BAD):
                await one(target)

    await asyncio.gather(*(again() for _ in range(n)))


async def tried(target: Target, cpid: str, password: str | None) -> None:
    status, _, writer = await knock(target, cpid, password)
    writer.close()
    target.tries += 1
    target.through += status == 101


async def brute_force(target: Target) -> None:
    await in_parallel(target, lambda it: tried(it, it.victim, secrets.token_hex(8)))


async def enumeration(target: Target) -> None:
    await in_parallel(target, lambda it: tried(it, f"CP-{secrets.randbelow(10**6):06}", None))


async def second_socket(target: Target) -> None:
    """With the victim's own password, which somebody has lost."""
    await in_parallel(target, lambda it: tried(it, it.victim, it.lost), 2)


async def connected(target: Target, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
                    extra: str = "") -> None:  # fmt: skip
    """As the attacker's own charger, until it is thrown out; then again, when that is allowed."""
    while target.going:
        with suppress(*BAD):
            status, reader, writer = await knock(target, target.own, target.password, extra)
            try:
                if status == 101:
                    await talk(reader, writer)
            finally:
                writer.close()
        await asyncio.sleep(0.05)


def saying(target: Target, texts: Callable[[], bytes]) -> Callable[..., Awaitable[None]]:
    """Says them as fast as the server reads, and throws its answers away."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def listen() -> None:
            while await reader.read(65_536):
                pass

        listening = asyncio.create_task(listen())
        try:
            while target.going and not listening.done():
                writer.write(texts())
                target.tries += 1
                async with asyncio.timeout(2):
                    await writer.drain()
        finally:
            listening.cancel()

    return talk


async def foreign_transactions(target: Target) -> None:
    def text() -> bytes:
        number = secrets.randbelow(2**31)
        stop = {"transactionId": number, "meterStop": 1, "timestamp": "2026-11-26T00:00:00Z"}
        return frame(json.dumps([2, secrets.token_hex(4), "StopTransaction", stop]).encode())

    await connected(target, saying(target, text))


async def oversized_and_deep(target: Target) -> None:
    hurtful = [
        b'[2,"a","DataTransfer",{"vendorId":"v","data":"' + b"x" * 60_000 + b'"}]',
        b'[2,"a","DataTransfer",{"vendorId":' + b"[" * 30_000 + b"]" * 30_000 + b"}]",
        b'[2,"a","DataTransfer",{' + b",".join(b'"%d":0' % n for n in range(6_000)) + b"}]",
        b'[2,"a","Heartbeat",' + b"9" * 5_000 + b"]",
        b'[2,"a","DataTransfer",{"vendorId":"v","data":"' + b"x" * 200_000 + b'"}]',
    ]
    await connected(target, saying(target, lambda: frame(secrets.choice(hurtful))))


async def deflate_bombs(target: Target) -> None:
    press = zlib.compressobj(9, zlib.DEFLATED, -12)
    bomb = (press.compress(b"\0" * 20_000_000) + press.flush(zlib.Z_SYNC_FLUSH))[:-4]
    extra = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    await connected(target, saying(target, lambda: frame(bomb, 0xC1)), extra)


async def slow_reader(target: Target) -> None:
    """Asks for much and takes nothing."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        ask = frame(f'[2,"{"i" * 36}","No{"x" * 900}",{{}}]'.encode())
        while target.going:
            writer.write(ask * 50)
            target.tries += 50
            async with asyncio.timeout(max(0.1, target.until - monotonic())):
                await writer.drain()

    await connected(target, talk)


async def hostile_words(target: Target) -> None:
    words = ["=cmd|' /C calc'!A0", "<script>alert(1)</script>", "'; DROP TABLE x;--", "\u202e\u0000A"]

    def text() -> bytes:
        boot = {
            "chargePointVendor": secrets.choice(words)[:20],
            "chargePointModel": secrets.choice(words)[:20],
        }
        return frame(json.dumps([2, secrets.token_hex(4), "BootNotification", boot]).encode())

    await connected(target, saying(target, text))


async def replayed_answers(target: Target) -> None:
    def text() -> bytes:
        return frame(json.dumps([3, secrets.token_hex(11), {"status": "Accepted"}]).encode())

    await connected(target, saying(target, text))


async def frame_flood(target: Target) -> None:
    await connected(target, saying(target, lambda: frame(b'[2,"h","Heartbeat",{}]') * 20))


async def _half_said(target: Target, start: bytes, n: int = 500) -> None:
    """Connections that say a byte a second, and are opened anew when they are cut."""

    async def one() -> None:
        while target.going:
            with suppress(*BAD):
                reader, writer = await opened(target)
                target.tries += 1
                try:
                    writer.write(start)
                    while target.going and not reader.at_eof():
                        with suppress(TimeoutError):
                            async with asyncio.timeout(1):
                                await reader.read(1)
                        writer.write(b"x")
                finally:
                    writer.close()
            await asyncio.sleep(0.1)

    await asyncio.gather(*(one() for _ in range(n)))


async def slowloris_http(target: Target) -> None:
    await _half_said(target, b"GET /livez HTTP/1.1\r\nhost: z\r\nx-a: ")


async def slowloris_handshake(target: Target) -> None:
    start = (
        f"GET /ocpp/{target.victim} HTTP/1.1\r\nhost: z\r\nupgrade: websocket\r\nconnection: upgrade\r\nx: "
    )
    await _half_said(target, start.encode())


async def half_open(target: Target) -> None:
    """A thousand connections that say nothing at all."""
    await _silent(target, 1000)


async def _silent(target: Target, n: int) -> None:
    async def one() -> None:
        while target.going:
            with suppress(*BAD):
                reader, writer = await opened(target)
                target.tries += 1
                try:
                    async with asyncio.timeout(max(0.1, target.until - monotonic())):
                        await reader.read(1)
                finally:
                    writer.close()

    await asyncio.gather(*(one() for _ in range(n)))


async def huge_heads(target: Target) -> None:
    async def one(it: Target) -> None:
        reader, writer = await opened(it)
        it.tries += 1
        try:
            for _ in range(64):
                writer.write(b"GET / HTTP/1.1\r\n" + b"x-a: " + b"b" * 65_536 + b"\r\n")
                await writer.drain()
            writer.write(b"\r\n")
            it.through += b" 200 " in await reader.read(16)
        finally:
            writer.close()

    await in_parallel(target, one)


async def smuggling(target: Target) -> None:
    hidden = b"GET /livez HTTP/1.1\r\nhost: z\r\n\r\n"
    confusing = [
        b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"content-length: 0\r\ncontent-length: 40\r\n\r\n",
    ]

    async def one(it: Target) -> None:
        reader, writer = await opened(it)
        it.tries += 1
        try:
            writer.write(b"POST /livez HTTP/1.1\r\nhost: z\r\n" + secrets.choice(confusing) + hidden)
            async with asyncio.timeout(5):
                it.through += b" 200 " in await reader.read(65_536)
        finally:
            writer.close()

    await in_parallel(target, one)


async def guessed_tokens(target: Target) -> None:
    async def one(it: Target) -> None:
        reader, writer = await opened(it)
        token = f"zeus_default-{secrets.token_hex(11)}_{secrets.token_urlsafe(32)}"
        try:
            for _ in range(50):
                writer.write(
                    f"GET /api/ocpp/chargers HTTP/1.1\r\nhost: z\r\nauthorization: Bearer {token}\r\n\r\n".encode()
                )
                it.tries += 1
                async with asyncio.timeout(5):
                    head = await reader.readuntil(b"\r\n\r\n")
                    size = next(
                        int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length")
                    )
                    await reader.readexactly(size)
                it.through += b" 200 " in head[:16]
        finally:
            writer.close()

    await in_parallel(target, one)


ATTACKS: dict[str, Attack] = {
    "brute force at one charger": brute_force,
    "enumeration of ids": enumeration,
    "second socket with the password": second_socket,
    "others' transaction numbers": foreign_transactions,
    "oversized and deep frames": oversized_and_deep,
    "deflate bombs": deflate_bombs,
    "a charger that does not read": slow_reader,
    "CSV and HTML in vendor strings": hostile_words,
    "replayed answers to commands": replayed_answers,
    "flood of valid frames": frame_flood,
    "Slowloris over HTTP, 500 lines": slowloris_http,
    "Slowloris in the handshake, 500 lines": slowloris_handshake,
    "1,000 half-open connections": half_open,
    "heads of 4 MB": huge_heads,
    "smuggled requests": smuggling,
    "guessed API tokens": guessed_tokens,
}
