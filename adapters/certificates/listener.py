"""The TLS listener: takes connections, shakes hands, and says whose handshake failed and why.

A listener of our own rather than `create_server(ssl=…)`: that one never tells whose handshake failed, and keeps the
certificates it began with.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from adapters.certificates.tls import Tls

log = logging.getLogger("zeus.tls")

HANDSHAKE_S = 15.0
"""A charger on a bad mobile line needs some; whoever says nothing is cut off then."""
AT_ONCE = 1024
"""Handshakes under way; whoever comes beyond it waits in the kernel."""
PAUSE_S = 0.2
"""When no connection can be taken (no file descriptors left), before the next try."""

Taken = tuple[socket.socket, Any]
"""A connection and where it comes from."""
Refused = Callable[[str, str], Awaitable[None]]
"""Told of each handshake that failed for a reason worth knowing: (address, reason)."""

_UNTRUSTED = "client_cert_untrusted"
_REASONS = {
    "NO_SHARED_CIPHER": "tls_cipher",
    "UNSUPPORTED_PROTOCOL": "tls_version",
    "VERSION_TOO_LOW": "tls_version",
    "HTTP_REQUEST": "tls_plain",
    "TLSV1_ALERT_PROTOCOL_VERSION": "tls_version",
    "TLSV1_ALERT_UNKNOWN_CA": "tls_server_cert",
    "SSLV3_ALERT_BAD_CERTIFICATE": "tls_server_cert",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "tls_server_cert",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "tls_server_cert",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "tls_server_cert",
}
"""OpenSSL's word → ours. What is not here is noise of the network: scanners, lost lines."""


class TlsListener:
    """One listening socket."""

    def __init__(self, tls: Tls, listening: socket.socket, refused: Refused) -> None:
        listening.setblocking(False)
        self._tls = tls
        self._listening = listening
        self._refused = refused
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._accepting: asyncio.Task[None] | None = None
        self._handshakes: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where it listens; the system may have chosen it."""
        port: int = self._listening.getsockname()[1]
        return port

    def open(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Begin to take connections; `protocol` makes what talks over one."""
        self._accepting = asyncio.get_running_loop().create_task(self._accept(protocol))

    async def close(self) -> None:
        """Take no more; connections that are open stay so."""
        tasks = [*self._handshakes, *([self._accepting] if self._accepting is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listening.close()

    async def _accept(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._gate.acquire()
            try:
                taken: Taken | None = await loop.sock_accept(self._listening)
            except OSError as error:
                self._gate.release()
                log.error("no connection can be taken: %s", error)
                await asyncio.sleep(PAUSE_S)
                continue
            while taken is not None:
                task = loop.create_task(self._shake_hands(taken[0], str(taken[1][0]), protocol))
                self._handshakes.add(task)
                task.add_done_callback(self._over)
                taken = None if self._gate.locked() else self._next()
                if taken is not None:
                    await self._gate.acquire()  # which is there: nobody else takes any

    def _next(self) -> Taken | None:
        """Whoever waits besides, at the same turn of the loop; what else is wrong is met again at the next."""
        try:
            return self._listening.accept()
        except OSError:
            return None

    def _over(self, task: asyncio.Task[None]) -> None:
        self._handshakes.discard(task)
        self._gate.release()

    async def _shake_hands(
        self, connection: socket.socket, remote: str, protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                protocol, connection, ssl=self._tls.context, ssl_handshake_timeout=HANDSHAKE_S
            )
        except OSError as error:
            log.debug("%s: no TLS: %r", remote, error)
            with suppress(OSError):
                connection.close()
            reason = reason_of(error)
            if reason:
                await self._refused(remote, reason)


def reason_of(error: OSError) -> str:
    """Why the handshake failed, as a reason of connection attempts; empty where it says nothing."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _UNTRUSTED
    return _REASONS.get(error.reason or "", "") if isinstance(error, ssl.SSLError) else ""
