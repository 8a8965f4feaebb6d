"""A charger of foreign make: the client of the `ocpp` package, with its own framing, schemas and ids."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from ocpp.charge_point import ChargePoint
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.e2e.knock import basic
from tests.e2e.zeus_process import PASSWORD, ZeusProcess

GOOD, BLOCKED, UNKNOWN, GROUP = "GOOD-1", "BLOCKED-1", "NEVER-SEEN", "HOUSE"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def at(minute: int) -> str:
    """The text of a time, that many minutes after noon."""
    return (NOON + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Station:
    """A connected charger. Every answer has passed the package's schema; a CALLERROR is raised."""

    def __init__(self, peer: ChargePoint, messages: Any) -> None:
        self._peer = peer
        self._messages = messages

    async def say(self, action: str, **fields: Any) -> Any:
        """Send a call, fields in snake case; its answer. Raises the package's OCPPError."""
        return await self._peer.call(getattr(self._messages, action)(**fields), suppress=False)

    async def say_unchecked(self, action: str, **fields: Any) -> Any:
        """As `say`, for what the package's own schema would not let out."""
        message = getattr(self._messages, action)(**fields)
        return await self._peer.call(message, suppress=False, skip_schema_validation=True)


@asynccontextmanager
async def station(
    server: ZeusProcess,
    cpid: str,
    version: str,
    kind: type[ChargePoint],
    messages: Any,
    *,
    registered: bool = False,
) -> AsyncIterator[Station]:
    """A charger, made known first, that connects with its password; closed at the end."""
    if not registered:
        await server.register([cpid], security_profile=1)
    headers = {"Authorization": basic(cpid, PASSWORD.encode())}
    subprotocol = Subprotocol(f"ocpp{version}")
    async with connect(
        f"{server.url}/{cpid}", subprotocols=[subprotocol], additional_headers=headers
    ) as socket:
        assert socket.subprotocol == subprotocol
        peer = kind(cpid, socket, response_timeout=20)
        reading = asyncio.create_task(peer.start())
        try:
            yield Station(peer, messages)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
