"""A charger's end of the socket, one frame at a time."""

import asyncio

from websockets.frames import Opcode

from entrypoints.simulator.socket import ChargerSocket, connect
from tests.e2e.zeus_process import ZeusProcess


class Wire:
    """A charger's socket with what arrived on it."""

    def __init__(self, socket: ChargerSocket) -> None:
        self.socket = socket
        self.arrived: asyncio.Queue[str | int] = asyncio.Queue()
        socket.listen(self.arrived.put_nowait, self.arrived.put_nowait)

    @classmethod
    async def open(cls, server: ZeusProcess, cpid: str, version: str = "1.6") -> "Wire":
        """Connect as that charger; raises HandshakeRefused."""
        return cls(await connect(server.url, cpid, subprotocols=(f"ocpp{version}",)))

    def send_bytes(self, payload: bytes, opcode: Opcode) -> None:
        """Send a frame of these bytes, text or not (less than 126 of them, masked with zeros)."""
        transport = self.socket._transport
        assert transport is not None
        transport.write(bytes((0x80 | opcode.value, 0x80 | len(payload))) + bytes(4) + payload)

    async def ask(self, text: str) -> str | int:
        """Send a frame; what comes next, an answer or a close code."""
        self.socket.send(text)
        return await self.next()

    async def next(self) -> str | int:
        """What comes next."""
        async with asyncio.timeout(20):
            return await self.arrived.get()
