"""A charger's end of the socket, one frame at a time."""

import asyncio

from entrypoints.simulator.socket import ChargerSocket, connect
from tests.e2e.zeus_process import ZeusProcess


class Wire:
    """A charger's socket with what arrived on it."""

    def __init__(self, socket: ChargerSocket) -> None:
        self.socket = socket
        self.arrived: asyncio.Queue[str | int] = asyncio.Queue()
        socket.listen(self.arrived.put_nowait, self.arrived.put_nowait)

    @classmethod
    async def open(cls, server: ZeusProcess, cpid: str) -> "Wire":
        """Connect as that charger; raises HandshakeRefused."""
        return cls(await connect(server.url, cpid, subprotocols=("ocpp1.6",)))

    async def ask(self, text: str) -> str | int:
        """Send a frame; what comes next, an answer or a close code."""
        self.socket.send(text)
        return await self.next()

    async def next(self) -> str | int:
        """What comes next."""
        async with asyncio.timeout(20):
            return await self.arrived.get()
