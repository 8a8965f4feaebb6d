"""Several gateway processes behind the same ports: started, watched, started again, ended in order."""

import asyncio
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from application.fleet import Fleet, FleetUnavailable
from entrypoints.certificates import listen_for_tls
from entrypoints.listening import listen
from entrypoints.settings import Settings
from entrypoints.worker import OnReady, OnStop, nothing

log = logging.getLogger("zeus.serve")

PAUSE_S = 1.0
"""Before a worker that died is started again."""
PATIENCE_S = 30.0
"""How long workers may take to say goodbye to their chargers."""


class _Worker:
    """One child process."""

    def __init__(self, number: int, name: str, process: "asyncio.subprocess.Process", ready: int) -> None:
        self.number = number
        self.name = name
        self.process = process
        self.ready = ready


class Supervisor:
    """Runs workers on shared listening sockets; all accept from the same queues, so a death loses no handshake."""

    def __init__(self, database_url: str, settings: Settings, token: str, fleet: Callable[[], Fleet]) -> None:
        self._environment = {**os.environ, "DATABASE_URL": database_url, "ZEUS_API_TOKEN": token}
        self._settings = settings
        self._open_fleet = fleet
        self._stopping = asyncio.Event()
        self._workers: dict[int, _Worker] = {}
        self._all_started = asyncio.Event()

    async def run(self, on_ready: OnReady, on_stop: OnStop = nothing) -> None:
        """Until SIGINT or SIGTERM."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        if self._settings.tls_certificates:
            loop.add_signal_handler(signal.SIGHUP, self._pass_on, signal.SIGHUP)
        self._fleet = self._open_fleet()
        with ExitStack() as open_sockets:
            shared = open_sockets.enter_context(listen(self._settings.host, self._settings.port))
            secured = listen_for_tls(self._settings)
            sockets = [shared] if secured is None else [shared, open_sockets.enter_context(secured)]
            tasks = [
                asyncio.create_task(self._keep(n, sockets)) for n in range(1, self._settings.workers + 1)
            ]
            starting = asyncio.create_task(self._all_ready())
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not self._stopping.is_set():
                on_ready(shared.getsockname()[1])
            await stopping
            await on_stop()
            await self._end(tasks)
        await self._fleet.close()

    async def _all_ready(self) -> None:
        await self._all_started.wait()
        for worker in list(self._workers.values()):
            await asyncio.to_thread(os.read, worker.ready, 16)

    def _pass_on(self, number: int) -> None:
        for worker in self._workers.values():
            if worker.process.returncode is None:
                worker.process.send_signal(number)

    async def _keep(self, number: int, sockets: Sequence[socket.socket]) -> None:
        """One worker after another; a death is told to the fleet at once, so that its chargers may return."""
        while not self._stopping.is_set():
            worker = await self._start(number, sockets)
            code = await worker.process.wait()
            os.close(worker.ready)
            if self._stopping.is_set():
                return
            log.error("worker %d ended with %s, starting it again", number, code)
            try:
                await self._fleet.sockets.leave(worker.name)
            except FleetUnavailable as error:
                log.warning("the places of %s will expire by themselves: %r", worker.name, error)
            await asyncio.sleep(PAUSE_S)

    async def _start(self, number: int, sockets: Sequence[socket.socket]) -> _Worker:
        read, write = os.pipe()
        name = f"{socket.gethostname()}:worker{number}:{secrets.token_hex(6)}"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "entrypoints.worker"),
            *(str(os.getpid()), ",".join(str(one.fileno()) for one in sockets), str(write), name),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            pass_fds=(*(one.fileno() for one in sockets), write),
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )
        os.close(write)
        worker = self._workers[number] = _Worker(number, name, process, read)
        if len(self._workers) == self._settings.workers:
            self._all_started.set()
        return worker

    async def _end(self, tasks: list["asyncio.Task[None]"]) -> None:
        for worker in self._workers.values():
            if worker.process.returncode is None:
                worker.process.terminate()
        _, late = await asyncio.wait(tasks, timeout=PATIENCE_S)
        for worker in self._workers.values():
            if late and worker.process.returncode is None:
                log.error("worker %d does not end, ending it by force", worker.number)
                worker.process.kill()
        await asyncio.gather(*tasks)
