"""One POST to somebody else: connected to the address that was judged, no redirect followed, all of it bounded."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httptools

from adapters.webhooks.guard import AddressRefused, Resolve, addresses_of, resolve

TIMEOUT_S = 15.0
LARGEST_ANSWER = 16_384
"""Bytes that are read of an answer; nobody needs more than its status."""


class NotDelivered(Exception):
    """There is no answer; the words say why."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the other side said."""

    status: int

    @property
    def taken(self) -> bool:
        """2xx: it has it."""
        return 200 <= self.status < 300


class Sender:
    """Posts bodies."""

    def __init__(
        self,
        *,
        private: bool = False,
        timeout_s: float = TIMEOUT_S,
        how: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`private`: addresses of one's own networks, and plain HTTP, will do."""
        self._private = private
        self._timeout_s = timeout_s
        self._how = how
        self._tls = tls or ssl.create_default_context()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered:
        """Raises NotDelivered."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(url, headers, body)
        except TimeoutError:
            raise NotDelivered(f"no answer within {self._timeout_s:g} s") from None
        except AddressRefused:
            raise NotDelivered("the name leads to an address within our networks") from None
        except ssl.SSLError as error:
            raise NotDelivered(f"TLS: {error.reason or 'failed'}") from error
        except OSError as error:
            raise NotDelivered(error.strerror or "the connection was lost") from error
        except httptools.HttpParserError as error:
            raise NotDelivered("the answer is no HTTP") from error

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered:
        parts = urlsplit(url)
        secure, host = parts.scheme == "https", parts.hostname or ""
        if not secure and not self._private:
            raise NotDelivered("webhooks are delivered by HTTPS")
        port = parts.port or (443 if secure else 80)
        addresses = await addresses_of(host, port, private=self._private, how=self._how)
        reader, writer = await self._connect(addresses, port, host if secure else None)
        try:
            writer.write(_request(parts.netloc, parts.path, parts.query, headers, body))
            await writer.drain()
            return Answered(await _status(reader))
        finally:
            writer.transport.abort()  # the answer is read; nothing is waited for

    async def _connect(
        self, addresses: list[str], port: int, name: str | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To one address after another; the certificate must be that of the name."""
        more: dict[str, Any] = {} if name is None else {"ssl": self._tls, "server_hostname": name}
        for address in addresses[:-1]:
            try:
                return await asyncio.open_connection(address, port, limit=LARGEST_ANSWER, **more)
            except OSError:
                continue
        return await asyncio.open_connection(addresses[-1], port, limit=LARGEST_ANSWER, **more)


def _request(netloc: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> bytes:
    target = (path or "/") + (f"?{query}" if query else "")
    lines = [f"POST {target} HTTP/1.1", f"Host: {netloc}", *(f"{k}: {v}" for k, v in headers.items())]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("ascii") + body


class _Answer:
    """What the parser tells."""

    def __init__(self) -> None:
        self.complete = False

    def on_headers_complete(self) -> None:
        """The status is known."""
        self.complete = True


async def _status(reader: asyncio.StreamReader) -> int:
    """The status of the answer: its head is all that is read of it."""
    answer, read = _Answer(), 0
    parser = httptools.HttpResponseParser(answer)
    while not answer.complete:
        chunk = await reader.read(4096)
        read += len(chunk)
        if not chunk or read > LARGEST_ANSWER:
            raise NotDelivered("the answer ended early" if not chunk else "the answer has no end")
        parser.feed_data(chunk)
    return int(parser.get_status_code())
