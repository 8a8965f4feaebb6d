"""`zeus serve`: the database, the projector, the sockets and the API, started in order and ended in order."""

import asyncio
import gc
import logging
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from adapters.eventstore import schema
from adapters.ocpp.schemas import catalogue
from adapters.ocpp.versions import Version
from adapters.ocpp.websocket import ChargerWebSocket
from application import clock
from application.ports import StoreUnavailable
from application.stranded import close_stranded
from entrypoints.projector import ProjectorProcess
from entrypoints.settings import Settings
from entrypoints.web import Web, open_web
from entrypoints.wiring import Core

log = logging.getLogger("zeus.serve")

BACKLOG = 4096
"""A fleet that returns in one second waits in the kernel, not at the charger's time-out."""


WINDOW_S = 3
"""So long after a window was opened its first charger may still be refused; it knocks again by itself."""
STRANDED_ATTEMPTS = 6
STRANDED_PAUSE_S = 10.0

OnStop = Callable[[], Awaitable[None]]
"""Awaited when the end begins, before any socket is closed."""


async def _nothing() -> None:
    return


class ZeusServer(uvicorn.Server):
    """Says goodbye to the chargers in batches before the sockets are taken down."""

    def __init__(
        self,
        config: uvicorn.Config,
        core: Core,
        on_ready: Callable[[int], None],
        on_stop: OnStop,
    ) -> None:
        super().__init__(config)
        self._core = core
        self._on_ready = on_ready
        self._on_stop = on_stop

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop in good order on SIGINT and SIGTERM; uvicorn would raise them again and end us half-way."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:  # a further signal must not cut the clean-up short: it is ours until the process ends
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Listen, then say where; the port may have been chosen by the system."""
        await super().startup(sockets)
        if self.started:
            self._on_ready(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        """Refuse newcomers with 503, close the chargers' sockets with 1012, then everything else."""
        await self._on_stop()
        self._core.gateway.draining = True
        await self._core.gateway.presence.close_all()
        await super().shutdown(sockets)


def serve(
    database_url: str,
    settings: Settings,
    token: str,
    on_ready: Callable[[int], None],
    on_stop: OnStop = _nothing,
) -> None:
    """Run until told to stop. `on_ready` gets the port as soon as chargers may connect; `on_stop` is called
    when the end begins, before any socket is closed.
    """
    schema.create(database_url)
    projector = ProjectorProcess(
        database_url, lambda code: log.error("the projector ended with %s, starting it again", code)
    )
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(database_url, settings, token, (on_ready, on_stop), projector))
    finally:
        projector.stop()


async def _serve(
    database_url: str,
    settings: Settings,
    token: str,
    hooks: tuple[Callable[[int], None], OnStop],
    projector: ProjectorProcess,
) -> None:
    if settings.gateway_database_url is not None:
        database_url = settings.gateway_database_url.get_secret_value()
    core = Core(database_url, settings)
    web = open_web(database_url, settings, token, core)
    for version in Version:
        catalogue(version).warm()
    scheduler = _upkeep(core, projector, settings)
    scheduler.start()
    stranded = asyncio.create_task(_close_stranded(core, web))
    stranded.add_done_callback(_tell_failure)
    _calm_the_collector()
    try:
        await ZeusServer(_config(web, settings), core, *hooks).serve()
    finally:
        scheduler.shutdown(wait=False)
        stranded.cancel()
        await asyncio.gather(stranded, return_exceptions=True)
        await _flush(core, everything=True)
        await core.intake.finish()
        await core.store.close()
        web.close()


def _config(web: Web, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        web.app,
        host=settings.host,
        port=settings.port,
        loop="none",
        http="httptools",
        ws=ChargerWebSocket,
        ws_max_size=max(settings.frame_size, 262_144),
        ws_ping_interval=settings.ping_interval_s,
        ws_ping_timeout=None,  # chargers that never pong live on; silence is timed by us
        access_log=False,
        backlog=BACKLOG,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=10,
    )


def _upkeep(core: Core, projector: ProjectorProcess, settings: Settings) -> AsyncIOScheduler:
    """What must be looked after every few seconds; each job is harmless when it runs twice."""
    scheduler = AsyncIOScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
    presence = core.gateway.presence

    async def close_silent() -> None:
        closed = await presence.close_silent(asyncio.get_running_loop().time(), settings.idle_timeout_s)
        if closed:
            log.warning(
                "closed %d connections that had been silent for %d s", closed, settings.idle_timeout_s
            )

    scheduler.add_job(close_silent, "interval", seconds=10)
    scheduler.add_job(presence.close_unwelcome, "interval", seconds=10)
    scheduler.add_job(core.gateway.doorkeeper.refresh, "interval", seconds=WINDOW_S)
    scheduler.add_job(presence.settle, "interval", seconds=10)
    scheduler.add_job(_flush, "interval", seconds=15, args=[core])
    scheduler.add_job(projector.check, "interval", seconds=2)
    return scheduler


async def _flush(core: Core, *, everything: bool = False) -> None:
    try:
        await core.attempts.flush(clock.now(), everything=everything)
    except StoreUnavailable as error:
        log.warning("counts of refused handshakes not recorded: %r", error)


async def _close_stranded(core: Core, web: Web) -> None:
    """Once the board has caught up with the log, close what a predecessor left open; a store that is away for
    a moment must not leave chargers online that are gone, so it is tried again.
    """
    for _ in range(STRANDED_ATTEMPTS):
        chargers = await web.chargers_left_online(core.gateway_name)
        if not chargers:
            return
        closed = await close_stranded(core.store, core.intake, chargers, core.gateway_name)
        log.info("closed %d connections of a server that had ended without a goodbye", closed)
        await asyncio.sleep(STRANDED_PAUSE_S)


def _tell_failure(task: "asyncio.Task[None]") -> None:
    """A background task that fails must be heard of when it does, not when the server ends."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("connections left by a predecessor could not be closed", exc_info=error)


def _calm_the_collector() -> None:
    """A full collection at 10,000 connections stops the loop for 0.8 s: freeze what lives as long as we do."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 500)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows
        return None
    return uvloop.new_event_loop
