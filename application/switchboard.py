"""The switchboard of a gateway: the lines to its own chargers, and the way to those of other gateways."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from application import clock
from application.command_book import CommandBook
from application.commands import Whereabouts
from application.fleet import Fleet, FleetUnavailable, Parcel
from application.intake import ReportNotSettled
from application.ports import EventStoreError
from domain.commands.command import Command
from domain.event import Told
from domain.identity import ChargerId

log = logging.getLogger("zeus.commands")

SETTLED = "settled"
"""The bell that says a command has come to its end; the payload is its id."""
BEAT_EVERY_S = 5.0
BEAT_LIVES_S = 20.0
"""A gateway that did not beat for so long is dead: its chargers may be claimed, its commands are settled."""
PARCEL_LIVES = timedelta(seconds=10)
"""A question to another gateway that is older than this is nobody's any more."""


class Line(Protocol):
    """A charger's connection to this process."""

    @property
    def connection(self) -> str:
        """Its name in the books."""
        ...

    @property
    def protocol(self) -> str:
        """`1.6`, `2.0.1` or `2.1`."""
        ...

    async def carry_out(self, command: Command) -> Command:
        """Bring the command to its end. Raises EventStoreError."""
        ...

    async def alive(self, timeout_s: float) -> bool:
        """Does the charger show any sign of life?"""
        ...

    async def close(self, code: int, reason: str) -> None:
        """End the connection."""
        ...

    async def give_way(self) -> None:
        """End it in favour of another: whatever it still says changes nothing."""
        ...


class _Place(msgspec.Struct):
    line: Line
    generation: int


Noticed = Callable[[ChargerId, str], Awaitable[None]]
"""What a gateway does when another process says that something about one of its chargers changed."""


class Switchboard:
    """Implements `application.commands.Lines` for one gateway of a fleet."""

    def __init__(self, gateway: str, fleet: Fleet, book: CommandBook) -> None:
        self.gateway = gateway
        self._fleet = fleet
        self._book = book
        self._places: dict[ChargerId, _Place] = {}
        self._waiting: dict[str, set[asyncio.Future[bool]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._noticed: Noticed | None = None

    async def open(self, noticed: Noticed) -> None:
        """Begin to take parcels from other gateways. Raises FleetUnavailable."""
        self._noticed = noticed
        await self._fleet.sockets.beat(self.gateway, BEAT_LIVES_S)
        self._fleet.post.on_ring(SETTLED, self._settled)
        await self._fleet.post.open(self.gateway, self._take)

    async def beat(self) -> None:
        """Say that this gateway lives; call it every `BEAT_EVERY_S`. Raises FleetUnavailable.

        Where it was taken for dead meanwhile, its places are claimed anew: unless somebody else has them by now.
        """
        if await self._fleet.sockets.beat(self.gateway, BEAT_LIVES_S):
            return
        log.warning("this gateway was taken for dead: claiming its %d chargers again", len(self._places))
        for charger in list(self._places):
            await self._claim_again(charger)

    async def finish(self) -> None:
        """Wait for what is under way; call it when the sockets are closed, before the store is."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._fleet.post.close()
        try:
            await self._fleet.sockets.leave(self.gateway)
        except FleetUnavailable as error:
            log.warning("this gateway's places could not be given up, they will expire: %r", error)

    # -- the chargers of this process ----------------------------------------------------------------------

    async def enter(self, charger: ChargerId, line: Line) -> None:
        """The charger is connected here; whoever had it before is fenced. Raises FleetUnavailable."""
        generation = await self._fleet.sockets.claim(charger, self.gateway, line.connection, line.protocol)
        self._places[charger] = _Place(line, generation)

    async def step_back(self, charger: ChargerId, line: Line, first: Callable[[], Line | None]) -> None:
        """The newcomer stays outside after all: its place is that of the first one again, here or wherever it is.

        Every other gateway is asked: the books that the newcomer read may be older than the first one's arrival.
        """
        await self.leave(charger, line)
        try:
            if here := first():
                self._places[charger] = _Place(here, 0)
                await self._claim_again(charger)
            else:
                await self._ask_back(charger)
        except FleetUnavailable as error:
            log.warning("%s: the place of its connection could not be given back: %r", charger.stream, error)

    async def displace(self, charger: ChargerId, gateway: str, connection: str) -> None:
        """Close a connection at another gateway whose place was taken; the books have fenced it already."""
        body = msgspec.json.encode([charger.tenant, charger.key, connection])
        try:
            await self._send(gateway, "displace", "", body)
        except FleetUnavailable as error:
            log.warning("%s: its former connection ends when it says something: %r", charger.stream, error)

    async def leave(self, charger: ChargerId, line: Line, *, replaced: bool = False) -> None:
        """The charger is gone from here, unless a newer connection of it came.

        One that was `replaced` may have claimed its place back before it heard of that: then its successor has none.
        """
        place = self._places.get(charger)
        if place is None or place.line.connection != line.connection:
            return
        del self._places[charger]
        try:
            if await self._fleet.sockets.release(charger, place.generation) and replaced:
                await self._ask_back(charger)
        except FleetUnavailable as error:
            log.warning("%s: its place could not be given up, it will expire: %r", charger.stream, error)

    def has(self, charger: ChargerId) -> bool:
        """Is it connected to this process?"""
        return charger in self._places

    async def lives_elsewhere(
        self, charger: ChargerId, gateway: str, connection: str, timeout_s: float
    ) -> bool:
        """Is this connection of the charger alive at the gateway that has it by the books?

        Raises FleetUnavailable.
        """
        if gateway == self.gateway or gateway not in await self._fleet.sockets.living():
            return False
        question = f"probe-{clock.time_ordered_id()}"
        answer = self.expect(question)
        body = msgspec.json.encode([charger.tenant, charger.key, timeout_s, connection])
        await self._send(gateway, "probe", question, body)
        # No answer: that gateway is gone or stuck, and so is whatever it holds.
        return await answer.within(timeout_s + 1.0)

    # -- Lines ---------------------------------------------------------------------------------------------

    async def where(self, charger: ChargerId) -> Whereabouts | None:
        """See the port. Raises FleetUnavailable."""
        place = self._places.get(charger)
        if place is not None:
            return Whereabouts(self.gateway, place.line.connection, place.line.protocol)
        owner = await self._fleet.sockets.owner(charger)
        if owner is None or owner.gateway == self.gateway:
            return None
        return Whereabouts(owner.gateway, owner.connection, owner.protocol)

    async def deliver(self, where: Whereabouts, charger: ChargerId, command: Command) -> None:
        """See the port. Raises FleetUnavailable: then the command is cancelled when its time to be sent is over."""
        if where.gateway == self.gateway:
            self._start(self._carry_out(charger, command))
            return
        body = msgspec.json.encode([charger.tenant, charger.key])
        await self._send(where.gateway, "command", command.id, body)

    def expect(self, command_id: str) -> "Call":
        """See the port."""
        return Call(self._waiting, command_id)

    async def notify(self, charger: ChargerId, news: str) -> None:
        """Tell whoever has the charger that something about it changed; nobody has it: nobody is told."""
        where = await self.where(charger)
        if where is None:
            return
        if where.gateway == self.gateway:
            self._start(self._notice(charger, news))
            return
        body = msgspec.json.encode([charger.tenant, charger.key])
        await self._send(where.gateway, "news", news, body)

    # -- from other gateways -------------------------------------------------------------------------------

    def _take(self, parcel: Parcel) -> None:
        tenant, key, *more = msgspec.json.decode(parcel.body)
        charger = ChargerId(tenant, key)
        if parcel.kind == "command":
            self._start(self._fetch(charger, parcel.subject))
        elif parcel.kind == "probe":
            self._start(self._answer_probe(parcel, charger, float(more[0]), str(more[1])))
        elif parcel.kind == "displace":
            self._start(self._give_way(charger, str(more[0])))
        elif parcel.kind == "reclaim":
            self._start(self._claim_again(charger))
        elif parcel.kind == "probed":
            self._call(parcel.subject, answer=bool(more[0]))
        elif parcel.kind == "news":
            self._start(self._notice(charger, parcel.subject))
        else:
            log.warning("a parcel of an unknown kind from a newer gateway: %s", parcel.kind)

    def _settled(self, command_id: str) -> None:
        self._call(command_id, answer=True)

    def _call(self, name: str, *, answer: bool) -> None:
        for waiter in self._waiting.pop(name, ()):
            if not waiter.done():
                waiter.set_result(answer)

    async def _fetch(self, charger: ChargerId, command_id: str) -> None:
        await self._carry_out(charger, await self._book.load(charger.tenant, command_id))
        await self._fleet.post.ring(SETTLED, command_id)

    async def _answer_probe(
        self, parcel: Parcel, charger: ChargerId, timeout_s: float, connection: str
    ) -> None:
        place = self._place_of(charger, connection)
        alive = place is not None and await place.line.alive(timeout_s)
        if place is not None and not alive and self._places.get(charger) is place:
            await place.line.give_way()
        body = msgspec.json.encode([charger.tenant, charger.key, alive])
        await self._send(parcel.reply_to, "probed", parcel.subject, body)

    async def _ask_back(self, charger: ChargerId) -> None:
        """Whichever gateway has the charger is to claim it again."""
        body = msgspec.json.encode([charger.tenant, charger.key])
        for gateway in await self._fleet.sockets.living():
            if gateway != self.gateway:
                await self._send(gateway, "reclaim", "", body)

    async def _give_way(self, charger: ChargerId, connection: str) -> None:
        place = self._place_of(charger, connection)
        if place is not None:
            await place.line.give_way()

    async def _claim_again(self, charger: ChargerId) -> None:
        """The registry forgot the charger: its claim was cleaned up, or replaced by one that came to nothing."""
        place = self._places.get(charger)
        if place is None or await self._fleet.sockets.owner(charger) is not None:
            return
        line = place.line
        place.generation = await self._fleet.sockets.claim(
            charger, self.gateway, line.connection, line.protocol
        )
        if self._places.get(charger) is not place:  # it left meanwhile, and could not release this claim
            await self._fleet.sockets.release(charger, place.generation)

    def _place_of(self, charger: ChargerId, connection: str) -> _Place | None:
        place = self._places.get(charger)
        return place if place is not None and place.line.connection == connection else None

    async def _notice(self, charger: ChargerId, news: str) -> None:
        if self._noticed is not None:
            await self._noticed(charger, news)

    async def _carry_out(self, charger: ChargerId, command: Command) -> None:
        place = self._places.get(charger)
        try:
            if place is None or (command.connection and place.line.connection != command.connection):
                cause = f"{command.stream}@{command.version}"
                told = Told(recorded_at=clock.now(), actor="zeus", cause=cause)
                await self._book.record(command, lambda one: one.cancel("the charger disconnected"), told)
            else:
                await place.line.carry_out(command)
        finally:
            self._settled(command.id)

    # -- small parts ---------------------------------------------------------------------------------------

    async def _send(self, to: str, kind: str, subject: str, body: bytes) -> None:
        parcel = Parcel(
            id=clock.time_ordered_id(),
            to=to,
            kind=kind,
            subject=subject,
            body=body,
            until=clock.now() + PARCEL_LIVES,
            reply_to=self.gateway,
        )
        await self._fleet.post.send(parcel)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_told(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Call:
    """A name that will be called: `application.commands.Waiter`."""

    __slots__ = ("_called", "_name", "_waiting")

    def __init__(self, waiting: dict[str, set[asyncio.Future[bool]]], name: str) -> None:
        self._called: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting, self._name = waiting, name
        waiting.setdefault(name, set()).add(self._called)

    async def within(self, timeout_s: float) -> bool:
        """See the port."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._called
        except TimeoutError:
            return False
        finally:
            self._forget()

    def _forget(self) -> None:
        others = self._waiting.get(self._name)
        if others is not None:
            others.discard(self._called)
            if not others:
                del self._waiting[self._name]


async def _told(work: Coroutine[Any, Any, None]) -> None:
    """Failures of the store and of the fleet are told; what they leave open, the sweeper closes."""
    try:
        await work
    except (EventStoreError, FleetUnavailable, ReportNotSettled, OSError) as error:
        log.warning("left to the sweeper: %r", error)
