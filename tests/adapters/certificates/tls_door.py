"""The front door behind a TLS listener: real sockets, the real server protocol, a store in memory."""

import asyncio
import shutil
import ssl
import tempfile
from asyncio import Protocol, create_subprocess_exec
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from websockets.asyncio.client import connect

from adapters.certificates.judge import Judge
from adapters.certificates.listener import TlsListener
from adapters.certificates.tls import Tls, TlsFiles
from adapters.ocpp.websocket import ChargerWebSocket
from application.certificates import CertificateAuthority
from entrypoints.listening import listen
from tests.adapters.certificates.makers import HOST, Authority, Leaf
from tests.adapters.ocpp.front_door import FrontDoor

OPENSSL = shutil.which("openssl")


class TlsDoor(NamedTuple):
    """A gateway that listens with TLS."""

    door: FrontDoor
    tls: Tls
    port: int
    failed: asyncio.Event
    """Set when a handshake that failed was recorded."""

    def client(
        self,
        root: Authority,
        cpid: str,
        shown: Leaf | None = None,
        *,
        protocol: str = "ocpp1.6",
        **more: Any,
    ) -> connect:
        """A charger that believes `root` and shows a certificate."""
        return connect(
            f"wss://127.0.0.1:{self.port}/ocpp/{cpid}",
            ssl=client_context(root, shown),
            server_hostname=HOST,
            subprotocols=[protocol],  # type: ignore[list-item]
            ping_interval=None,
            proxy=None,
            **more,
        )

    async def tls_failure(self) -> list[tuple[str, str]]:
        """`reasons`, when a handshake has failed: a client is done before the server has looked."""
        async with asyncio.timeout(5):
            await self.failed.wait()
        return self.reasons()

    def reasons(self) -> list[tuple[str, str]]:
        """(id, reason) of every recorded refusal."""
        return [(fact.cpid, fact.reason) for fact in self.door.refusals()]


@asynccontextmanager
async def tls_door(
    files: TlsFiles, authority: CertificateAuthority | None = None, **chosen: Any
) -> AsyncIterator[TlsDoor]:
    """A running one; `chosen` as for FrontDoor."""
    tls = Tls(files)
    door = FrontDoor(judge=lambda book: Judge(tls, book), authority=authority, **chosen)
    config = uvicorn.Config(
        door.gateway, http="httptools", ws=ChargerWebSocket, lifespan="off", log_level="critical"
    )
    config.load()
    state = uvicorn.Server(config).server_state
    make: Callable[..., Protocol] = config.http_protocol_class  # type: ignore[assignment]
    failed = asyncio.Event()

    async def refused(remote: str, reason: str) -> None:
        await door.gateway.refusals.no_tls(remote, reason)
        failed.set()

    listener = TlsListener(tls, listen("127.0.0.1", 0), refused)
    listener.open(lambda: make(config=config, server_state=state, app_state={}))
    try:
        yield TlsDoor(door, tls, listener.port, failed)
    finally:
        await door.gateway.presence.close_all()
        await listener.close()
        await door.workplace.certificates.finish()


def client_context(root: Authority, shown: Leaf | None = None) -> ssl.SSLContext:
    """A charger's TLS: it believes `root`, and shows a certificate if it has one."""
    context = ssl.create_default_context(cadata=root.pem.decode())
    if shown is not None:
        with tempfile.TemporaryDirectory() as directory:
            context.load_cert_chain(shown.write(Path(directory) / "charger.pem"))
    return context


async def s_client(port: int, *options: str, typed: bytes = b"") -> str:
    """What `openssl s_client` says of the server, as a scanner from outside sees it."""
    assert OPENSSL is not None, "the scan needs the program `openssl`: install it (apt install openssl)"
    process = await create_subprocess_exec(
        *(OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}", "-servername", HOST, *options),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    said, complained = await process.communicate(typed)
    return said.decode() + complained.decode()
