"""The workers of one `zeus serve`: which process is which, who owns a charger, and connections to each of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import psutil

from entrypoints.bench.asker import Asker
from tests.e2e.zeus_process import TOKEN, ZeusProcess

PATIENCE_S = 30.0
KEPT_ALIVE_BY_S = 2.0
"""The server closes a connection that was idle for five seconds."""
IDLE = "/commands?limit=1"


def workers(server: ZeusProcess) -> dict[str, psutil.Process]:
    """Gateway name → process, of those that live."""
    found = {}
    for child in psutil.Process(server.pid).children():
        try:
            command = child.cmdline()
        except psutil.NoSuchProcess:
            continue
        if "entrypoints.worker" in command:
            found[command[-1]] = child
    return found


def owners(server: ZeusProcess) -> dict[str, str]:
    """Charger → gateway, of those the status board shows online."""
    return {str(cpid): str(gateway) for cpid, gateway in server.query(_OWNERS)}


_OWNERS = "SELECT cpid, gateway FROM ocpp_chargers WHERE online"


class Desks:
    """Connections to the API at every worker; each is used by one at a time."""

    def __init__(self, server: ZeusProcess) -> None:
        self._server = server
        self._free: dict[str, asyncio.Queue[Asker]] = {}
        self._all: list[Asker] = []
        self._alive = asyncio.create_task(self._keep_alive())

    @property
    def names(self) -> list[str]:
        """Of the workers that can be asked."""
        return sorted(self._free)

    async def open(self, each: int) -> None:
        """Connect until every living worker has so many; which one takes a connection is the kernel's choice."""
        deadline = monotonic() + PATIENCE_S
        while (wanted := set(workers(self._server))) and not self._enough(wanted, each):
            assert monotonic() < deadline, f"the workers did not all take connections: {self._counts()}"
            fresh = [await Asker.open(self._server.port, TOKEN) for _ in range(each)]
            self._all += fresh
            await asyncio.gather(*(asker.get(IDLE) for asker in fresh))
            owner = await asyncio.to_thread(self._owner_by_port)
            for asker in fresh:
                self._free.setdefault(owner[asker.local_port], asyncio.Queue()).put_nowait(asker)

    @asynccontextmanager
    async def at(self, worker: str) -> AsyncIterator[Asker]:
        """A connection to that worker."""
        queue = self._free[worker]
        asker = await queue.get()
        try:
            yield asker
        finally:
            queue.put_nowait(asker)

    def forget(self, worker: str) -> None:
        """It is gone."""
        self._free.pop(worker, None)

    async def close(self) -> None:
        """All of them."""
        self._alive.cancel()
        await asyncio.gather(self._alive, return_exceptions=True)
        for asker in self._all:
            await asker.close()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEPT_ALIVE_BY_S)
            for worker, queue in list(self._free.items()):
                await asyncio.gather(*(self._say(worker) for _ in range(queue.qsize())))

    async def _say(self, worker: str) -> None:
        try:
            async with self.at(worker) as asker:
                await asker.get(IDLE)
        except (asyncio.IncompleteReadError, ConnectionError):
            if worker in workers(self._server):
                raise

    def _enough(self, wanted: set[str], each: int) -> bool:
        return all(worker in self._free and self._free[worker].qsize() >= each for worker in wanted)

    def _counts(self) -> dict[str, int]:
        return {worker: queue.qsize() for worker, queue in self._free.items()}

    def _owner_by_port(self) -> dict[int, str]:
        return {
            connection.raddr.port: name
            for name, process in workers(self._server).items()
            for connection in process.net_connections("tcp")
            if connection.raddr
        }
