"""`zeus serve`: the database's tables, the projector, and one gateway process or several, ended in order."""

import asyncio
import logging

from entrypoints.database import addresses, prepare
from entrypoints.projector import ProjectorProcess
from entrypoints.settings import Settings
from entrypoints.supervisor import Supervisor
from entrypoints.wiring import fleet_of
from entrypoints.worker import OnReady, OnStop, loop_factory, nothing, work

log = logging.getLogger("zeus.serve")

PROJECTOR_CHECK_S = 2.0


def serve(
    database_url: str, settings: Settings, token: str, on_ready: OnReady, on_stop: OnStop = nothing
) -> None:
    """Run until told to stop. `on_ready` gets the port as soon as chargers may connect; `on_stop` is called
    when the end begins, before any socket is closed.
    """
    prepare(database_url)
    at = addresses(database_url, settings)
    projector = ProjectorProcess(
        at, lambda code: log.error("the projector ended with %s, starting it again", code)
    )
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_run(at.gateway, settings, token, (on_ready, on_stop), projector))
    finally:
        projector.stop()


async def _run(
    database_url: str,
    settings: Settings,
    token: str,
    hooks: tuple[OnReady, OnStop],
    projector: ProjectorProcess,
) -> None:
    watch = asyncio.create_task(_watch(projector))
    try:
        if settings.workers == 1:
            await work(database_url, settings, token, *hooks)
        else:
            supervisor = Supervisor(database_url, settings, token, lambda: fleet_of(database_url, settings))
            await supervisor.run(*hooks)
    finally:
        watch.cancel()


async def _watch(projector: ProjectorProcess) -> None:
    while True:
        await asyncio.sleep(PROJECTOR_CHECK_S)
        projector.check()
