"""A gateway process: its sockets, the API, and the upkeep of both; alone under `zeus serve`, or one of several."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn

from adapters.certificates.listener import TlsListener
from adapters.http.http_protocol import HttpProtocol
from adapters.ocpp.schemas import catalogue
from adapters.ocpp.versions import Version
from adapters.ocpp.websocket import ChargerWebSocket
from entrypoints.certificates import listen_for_tls, open_tls
from entrypoints.crossing import cross
from entrypoints.database import secret_from
from entrypoints.listening import Acceptor, listen, raise_file_limit
from entrypoints.logs import set_up
from entrypoints.settings import Settings
from entrypoints.upkeep import Upkeep
from entrypoints.web import Web, open_web
from entrypoints.wiring import Core

log = logging.getLogger("zeus.serve")

OnReady = Callable[[int], None]
"""Gets the port as soon as chargers may connect."""
OnStop = Callable[[], Awaitable[None]]
"""Awaited when the end begins, before any socket is closed."""


async def nothing() -> None:
    """The end begins, and nobody has to know."""


class ZeusServer(uvicorn.Server):
    """Says goodbye to the chargers in batches before the sockets are taken down."""

    def __init__(
        self,
        config: uvicorn.Config,
        core: Core,
        on_ready: OnReady,
        on_stop: OnStop,
        listening: socket.socket,
        secured: TlsListener | None = None,
    ) -> None:
        """Connections come from `listening`, and from `secured`."""
        super().__init__(config)
        self._acceptor = Acceptor(listening, self._new_protocol)
        self._core = core
        self._secured = secured
        self._on_ready = on_ready
        self._on_stop = on_stop

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop in good order on SIGINT and SIGTERM; uvicorn would raise them again and end us half-way."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        if self._secured is not None:
            loop.add_signal_handler(signal.SIGHUP, self._read_certificates)
        try:
            yield
        finally:  # a further signal must not cut the clean-up short: it is ours until the process ends
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)

    def _read_certificates(self) -> None:
        """SIGHUP: whoever renewed them says so; a change of the files alone is noticed some seconds later."""
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, lambda: self._core.tls.refresh(force=True))

    def _new_protocol(self) -> asyncio.Protocol:
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Take connections, then say where; the port may have been chosen by the system."""
        self.servers = []
        self._acceptor.open()
        if self._secured is not None:
            self._secured.open(self._new_protocol)
        self.started = True
        self._on_ready(self._acceptor.port)

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        """Refuse newcomers with 503, close the chargers' sockets with 1012, then everything else."""
        await self._on_stop()
        self._core.gateway.draining = True
        if self._secured is not None:
            await self._secured.close()
        await self._core.gateway.presence.close_all()
        self._acceptor.close()
        await super().shutdown(sockets)


async def work(
    database_url: str,
    settings: Settings,
    token: str,
    on_ready: OnReady,
    on_stop: OnStop = nothing,
    *,
    listening: Sequence[socket.socket] = (),
    gateway: str = "",
) -> None:
    """Run until told to stop. `database_url` is the gateway's, `listening` are sockets shared with others (the second
    is for TLS), `gateway` is the name of this process. Raises CertificateFileWrong.
    """
    raise_file_limit()
    core = Core(database_url, settings, secret_from(token), gateway, tls=open_tls(settings))
    web = open_web(database_url, settings, token, core)
    for version in Version:
        catalogue(version).warm()
    await core.open()
    await cross(
        core.store, settings.tenant, "job:upkeep", "upkeep, readiness and figures of the installation"
    )
    upkeep = Upkeep(core, web, settings)
    upkeep.start()
    _calm_the_collector()
    at = listening[1] if len(listening) > 1 else listen_for_tls(settings)
    secured = None if at is None else TlsListener(core.tls, at, core.gateway.refusals.no_tls)
    plain = listening[0] if listening else listen(settings.host, settings.port)
    server = ZeusServer(_config(web, settings), core, on_ready, on_stop, plain, secured)
    try:
        await server.serve([])
    finally:
        await upkeep.stop()
        await core.close()
        web.close()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop, where there is one."""
    try:
        import uvloop
    except ImportError:  # Windows
        return None
    return uvloop.new_event_loop


def main() -> None:
    """One of several workers: `python -m entrypoints.worker <parent pid> <listening fds> <ready fd> <name>`.

    The address of the database is in DATABASE_URL and the token in ZEUS_API_TOKEN, as the parent wrote them.
    """
    parent, listening_fds, ready_fd, name = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    settings = Settings()
    set_up(settings.log_level, form=settings.log_format)
    if settings.database_url is None or settings.api_token is None:
        raise SystemExit(
            "a worker is started by `zeus serve --workers`, which gives it an address and a token"
        )
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()

    def on_ready(port: int) -> None:
        os.write(ready_fd, b"ready")
        os.close(ready_fd)

    listening = [socket.socket(fileno=int(number)) for number in listening_fds.split(",")]
    url, token = settings.database_url.get_secret_value(), settings.api_token.get_secret_value()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(work(url, settings, token, on_ready, listening=listening, gateway=name))


def _end_with_parent(parent: int) -> None:
    """A parent that was killed leaves no word: look every second whether it is still ours."""
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


def _config(web: Web, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        web.app,
        host=settings.host,
        port=settings.port,
        loop="none",
        http=HttpProtocol,
        ws=ChargerWebSocket,
        ws_max_size=max(settings.frame_size, 262_144),
        ws_ping_interval=settings.ping_interval_s,
        ws_ping_timeout=None,  # chargers that never pong live on; silence is timed by us
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=10,
    )


def _calm_the_collector() -> None:
    """A full collection at 10,000 connections stops the loop for 0.8 s: freeze what lives as long as we do."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 500)


if __name__ == "__main__":
    main()
