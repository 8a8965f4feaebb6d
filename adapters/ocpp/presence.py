"""Who is connected to this process, and the rule for a second connection of the same charger."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from weakref import WeakValueDictionary

import msgspec
from starlette.types import Send

from adapters.ocpp.caller import Caller
from adapters.ocpp.session import Session
from adapters.ocpp.websocket import Link
from application import clock
from application.desk import Desk
from application.intake import Intake, ReportNotSettled
from application.ports import StoreUnavailable
from domain.chargers.absence import patience_s
from domain.chargers.provisioning import Standing
from domain.commands.command import Command
from domain.event import Told
from domain.identity import ChargerId

log = logging.getLogger("zeus.gateway")

REPLACED = "replaced by a newer connection"
SILENT = "nothing heard for too long"
SHUTDOWN = "the server is being restarted"
NOT_SERVED = "not served here"
TURNED_OUT = "the charger was disabled by its operator"


class Connection(msgspec.Struct, eq=False):
    """A session with its socket: the line by which commands reach the charger."""

    session: Session
    link: Link
    send: Send
    caller: Caller

    @property
    def connection(self) -> str:
        """Its name in the books."""
        return self.session.connection

    @property
    def protocol(self) -> str:
        """The OCPP version spoken over it."""
        return self.session.version

    async def carry_out(self, command: Command) -> Command:
        """See `Caller.carry_out`."""
        return await self.caller.carry_out(command)

    async def alive(self, timeout_s: float) -> bool:
        """See `Link.ping`."""
        return await self.link.ping(timeout_s)

    async def give_way(self) -> None:
        """Another connection took its place: what it still says changes nothing."""
        self.session.over = True
        await self.close(1008, REPLACED)

    async def close(self, code: int, reason: str) -> None:
        """Send a Close frame; a peer that is gone already is no error."""
        try:
            await self.send({"type": "websocket.close", "code": code, "reason": reason})
        except (OSError, RuntimeError) as error:
            log.debug("%s: closed already: %r", self.session.connection, error)


class _Goodbye(NamedTuple):
    """The end of a connection, to be recorded."""

    desk: Desk
    connection: str
    code: int
    reason: str


class Presence:
    """The connections of this process by charger."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._here: dict[ChargerId, Connection] = {}
        self._knocking: WeakValueDictionary[ChargerId, asyncio.Lock] = WeakValueDictionary()
        """A lock lives as long as somebody holds it or waits for it: `locked()` is False in between."""
        self._owed: list[_Goodbye] = []

    def __len__(self) -> int:
        return len(self._here)

    def versions(self) -> dict[str, int]:
        """Connected chargers by OCPP version."""
        count: dict[str, int] = {}
        for connection in self._here.values():
            count[connection.session.version] = count.get(connection.session.version, 0) + 1
        return count

    @asynccontextmanager
    async def place(self, charger: ChargerId) -> AsyncIterator[None]:
        """One newcomer at a time for each charger: two that knock together are judged one after the other."""
        lock = self._knocking.setdefault(charger, asyncio.Lock())
        async with lock:
            yield

    def of(self, charger: ChargerId) -> Connection | None:
        """The charger's connection, if it is here."""
        return self._here.get(charger)

    async def dismiss(self, connection: Connection) -> None:
        """By the books another connection has taken its place, at another gateway."""
        if self._here.get(connection.session.desk.charger.id) is connection:
            del self._here[connection.session.desk.charger.id]
        await connection.give_way()

    async def lives(self, first: Connection, ping_timeout_s: float) -> bool:
        """Does it show any sign of life? A dead connection is closed and forgotten."""
        if await first.link.ping(ping_timeout_s):
            return True
        charger = first.session.desk.charger.id
        if self._here.get(charger) is first:
            first.session.over = True
            del self._here[charger]
            await first.close(1011, REPLACED)
        return False

    async def enter(self, connection: Connection) -> None:
        """A connection was accepted; the one it took the place of is closed."""
        charger = connection.session.desk.charger.id
        former, self._here[charger] = self._here.get(charger), connection
        if former is not None:
            await former.give_way()

    async def leave(self, connection: Connection, code: int, reason: str) -> None:
        """The socket is gone: record it, unless a newer connection has taken its place in the books."""
        session = connection.session
        charger = session.desk.charger.id
        if self._here.get(charger) is connection:
            del self._here[charger]
        session.over = True
        await session.goodbye()
        goodbye = _Goodbye(session.desk, session.connection, code, reason[:120])
        if not await self._record(goodbye):
            self._owed.append(goodbye)

    async def settle(self) -> int:
        """Record the goodbyes that the store could not take; returns how many. Call it every few seconds."""
        owed, self._owed = self._owed, []
        for n, goodbye in enumerate(owed):
            if not await self._record(goodbye):
                self._owed += owed[n:]
                return n
        return len(owed)

    async def _record(self, goodbye: _Goodbye) -> bool:
        desk, name, code, reason = goodbye
        told = Told(recorded_at=clock.now(), actor="zeus", connection=name)
        try:
            await self._intake.disconnected(desk, name, code, reason, told)
        except (StoreUnavailable, ReportNotSettled) as error:
            log.warning("%s: goodbye not recorded yet: %r", desk.charger.stream, error)
            return False
        return True

    async def close_silent(self, now: float, ping_s: float, floor_s: float) -> int:
        """Close connections over which not even a pong came for three heartbeats and three pings (`ping_s`), and
        `floor_s` at least; returns how many. Call it every few seconds.
        """
        silent = [
            one
            for one in self._here.values()
            if now - one.link.last_heard > patience_s(one.session.desk.charger.heartbeat_s, ping_s, floor_s)
        ]
        for connection in silent:
            await connection.close(1001, SILENT)
        return len(silent)

    async def turn_out(self, charger: ChargerId, reason: str = TURNED_OUT) -> bool:
        """Close the charger's connection with 1008 (policy), if it is here; for one that was put out of use."""
        connection = self._here.get(charger)
        if connection is None:
            return False
        await connection.close(1008, reason)
        return True

    async def close_unwelcome(self) -> int:
        """Close the connections of chargers that were put out of use, as far as their desks have heard of it.

        A desk hears of it at the charger's next message at the latest: its write meets the operator's.
        """
        here = self._here.items()
        out = [one for one, c in here if c.session.desk.charger.standing is not Standing.ACTIVE]
        for charger in out:
            await self.turn_out(charger)
        return len(out)

    def tenants(self) -> set[str]:
        """Whose chargers are here."""
        return {charger.tenant for charger in self._here}

    async def turn_out_tenant(self, tenant: str) -> int:
        """Close the connections of a tenant that is served no more; how many."""
        out = [charger for charger in self._here if charger.tenant == tenant]
        for charger in out:
            await self.turn_out(charger, NOT_SERVED)
        return len(out)

    async def close_all(self, batch: int = 100, pause_s: float = 0.2) -> None:
        """Close every connection with 1012, in batches: a fleet that returns in one second is a storm."""
        while self._here:
            for connection in list(self._here.values())[:batch]:
                connection.session.over = True
                self._here.pop(connection.session.desk.charger.id, None)
                await connection.close(1012, SHUTDOWN)
            await asyncio.sleep(pause_s)
