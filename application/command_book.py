"""The streams of commands: read, and written with everything that becomes true in the same unit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from application.ports import AnyEvent, EventStore, VersionConflict
from application.reports import Aggregate
from domain.commands.command import Command, command_stream
from domain.commands.events import Requested
from domain.commands.intent import Intent
from domain.event import Event, Fact, Told, events_of
from domain.identity import ChargerId

ATTEMPTS = 8

Changes = Sequence[tuple[Aggregate, list[Fact]]]
Consequence = Callable[[EventStore, ChargerId, Command, Sequence[Fact], Told], Awaitable[Changes]]
"""What else becomes true in the same unit as these facts of a command, such as a reservation that is confirmed."""


class CommandUnknown(Exception):
    """There is no command with this id."""


class CommandBook:
    """Reads and writes the streams of commands; used by whoever asks, carries out, or watches."""

    def __init__(self, store: EventStore, consequences: Mapping[type[Intent], Consequence]) -> None:
        self.store = store
        self._consequences = consequences

    async def load(self, tenant: str, command_id: str) -> Command:
        """Raises CommandUnknown."""
        command, _ = await self.life(tenant, command_id)
        return command

    async def life(self, tenant: str, command_id: str) -> tuple[Command, list[AnyEvent]]:
        """The command and all its events. Raises CommandUnknown."""
        command, events = await self._read(command_stream(tenant, command_id))
        if not command.version:
            raise CommandUnknown(command_id)
        return command, events

    async def _read(self, stream: str) -> tuple[Command, list[AnyEvent]]:
        """As it is stored; of version 0 where a wish conflicted before it was, by what else it changes."""
        command = Command(stream)
        events = await self.store.read(stream)
        for event in events:
            command.when(event)
        return command, events

    async def record(
        self, command: Command, decide: Callable[[Command], list[Fact]], told: Told
    ) -> tuple[Command, bool]:
        """The command after what `decide` makes of it, and whether it made anything; with consequences, as one unit."""
        for _ in range(ATTEMPTS):
            facts = decide(command)
            if not facts:
                return command, False
            if await self._append(command, facts, told):
                return command, True
            command, _ = await self._read(command.stream)
        raise VersionConflict(command.stream)

    async def _append(self, command: Command, facts: list[Fact], told: Told) -> bool:
        changes: list[tuple[Aggregate, list[Fact]]] = [(command, facts)]
        asked = next((one for one in facts if isinstance(one, Requested)), command)
        consequence = None if asked.intent is None else self._consequences.get(type(asked.intent))
        if consequence is not None:
            charger = ChargerId(_tenant(command), asked.charger)
            changes += await consequence(self.store, charger, command, facts, told)
        events: list[Event[Fact]] = []
        for aggregate, more in changes:
            events += events_of(
                aggregate.stream, aggregate.version, more, told if not events else _bare(told)
            )
        try:
            await self.store.append(events)
        except VersionConflict:
            return False
        for event in events[: len(facts)]:
            command.when(event)
        return True


async def settle_overdue(book: CommandBook, streams: Sequence[str], now: datetime) -> int:
    """Say the end of commands whose deadline passed in silence; harmless when repeated. Returns how many."""

    async def settle(stream: str) -> bool:
        _, tenant, command_id = stream.split("/")
        command = await book.load(tenant, command_id)
        cause = f"{stream}@{command.version}"
        told = Told(recorded_at=now, actor="job:expiry_sweeper", cause=cause)
        _, said = await book.record(command, lambda one: one.overdue(now), told)
        return said

    return sum(await asyncio.gather(*(settle(stream) for stream in streams)))


def _tenant(command: Command) -> str:
    return command.stream.split("/", 2)[1]


def _bare(told: Told) -> Told:
    return msgspec.structs.replace(told, frame=None, frame_bytes=None, reply=None)
