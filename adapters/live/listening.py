"""A listener's turn after turn: from the log while it is behind, from the hub when it is live."""

import asyncio
import logging
from collections.abc import Sequence
from typing import TypeAlias

import psycopg

from adapters.live.archive import Archive
from adapters.live.bell import Bell
from adapters.live.coalescing import Coalescer
from adapters.live.hub import Hub
from adapters.live.places import Place, Seal
from adapters.live.prepared import Control, Prepared, control
from adapters.live.stream import Stream
from application import clock

log = logging.getLogger("zeus.live")

MOST = 256
"""Messages a turn."""
PAUSE_S = 1.0
LAG_S = 60.0
"""Who was live and fell behind has so long to be live again."""

Outgoing: TypeAlias = Prepared | Control


class Lagging(Exception):
    """The listener is too slow for what it listens to; let it come again from where it was."""


class Listening:
    """Of one stream; `close` it whatever happens."""

    def __init__(
        self,
        hub: Hub,
        archive: Archive,
        seal: Seal,
        stream: Stream,
        *,
        resumed: bool,
        lag_s: float | None = LAG_S,
    ) -> None:
        """`resumed`: the stream begins where it was before, and is told of it where something is gone. Who was live
        and fell behind has `lag_s` to be live again; None: all the time there is."""
        self._lag_s = lag_s
        self.stream = stream
        self._hub = hub
        self._archive = archive
        self._seal = seal
        self._bell = Bell()
        self._look_for_gap = resumed
        self._coalescer: Coalescer | None = None
        self._fell_behind_at: float | None = None

    def close(self) -> None:
        """The listener has gone."""
        self._hub.detach(self.stream)
        self._bell.mute()

    async def begin_now(self) -> Control:
        """Take the place at the end of the log; what it is told of."""
        position = await self._hub.attach(self.stream, self._bell.ring)
        self.stream.passed(Place(position))
        return self.mark("stream.opened")

    def reached(self) -> Place:
        """Everything up to here was handed out; what was looked at and is not wanted counts."""
        self.stream.take(0)
        return self.stream.place

    def mark(self, kind: str) -> Control:
        """A message about the stream, with the place to resume from."""
        sealed = self._seal.seal(self.reached())
        return control(kind, self.stream.tenant, clock.now(), {}, sealed)

    async def next(self, patience_s: float) -> Sequence[Outgoing]:
        """What is to be sent now; nothing where nothing came for so long. Raises Lagging."""
        until = asyncio.get_running_loop().time() + patience_s
        stream = self.stream
        while True:
            if self._look_for_gap or stream.behind:
                told = await self._caught_up(until)
                if told is None:
                    return ()
            else:
                self._fell_behind_at = None
                told = stream.take(MOST)
                if not told and not stream.behind:
                    self._bell.silence()
                    if not await self._bell.heard(until):
                        return ()
            if told:
                return told

    async def _caught_up(self, until: float) -> Sequence[Outgoing] | None:
        """A step towards being live; None where there was no time for it."""
        try:
            async with asyncio.timeout_at(until):
                if self.stream.attached_at is None:
                    await self._attach()
                if self._look_for_gap and (gap := await self._gap()) is not None:
                    return (gap,)
                return await self._from_the_log() if self.stream.behind else ()
        except TimeoutError:
            return None

    async def _attach(self) -> None:
        if self.stream.fell_back and self._fell_behind_at is None:
            self._fell_behind_at = clock.monotonic()
        await self._hub.attach(self.stream, self._bell.ring)

    async def _from_the_log(self) -> Sequence[Outgoing]:
        """One piece. Where it is the last, what was held back of readings goes with it."""
        stream = self.stream
        since = self._fell_behind_at
        if since is not None and self._lag_s is not None and clock.monotonic() - since > self._lag_s:
            raise Lagging
        upto = stream.attached_at
        if upto is None:
            return ()
        try:
            piece = await self._archive.stretch(
                stream.tenant, stream.place, upto, frames=stream.selection.frames
            )
        except (psycopg.Error, OSError) as error:
            return await self._pause(error)
        told: list[Prepared] = stream.read(piece)
        if stream.selection.meter == "coalesced":
            told = self._fewer(told, piece.upto, last=piece.upto >= Place(upto))
        if told:
            stream.passed(told[-1].place)
        stream.passed(piece.upto)
        return told

    def _fewer(self, messages: list[Prepared], upto: Place, *, last: bool) -> list[Prepared]:
        if self._coalescer is None:
            self._coalescer = Coalescer(self._archive.envelope)
        told = self._coalescer.feed(messages, upto.position)
        if last:
            told += self._coalescer.flush()
            self._coalescer = None
        return told

    async def _gap(self) -> Control | None:
        """What was asked for and is not there: pruned, or lost with a database that was restored."""
        stream, place = self.stream, self.stream.place
        try:
            oldest, head = await self._archive.ends()
        except (psycopg.Error, OSError) as error:
            await self._pause(error)
            return None
        self._look_for_gap = False
        if 0 < place.position < oldest:
            stream.place = Place(oldest - 1)
        elif place.position > head:
            stream.place = Place(head)
        else:
            return None
        data = {"from": self._seal.seal(place), "to": self._seal.seal(stream.place)}
        return control("stream.gap", stream.tenant, clock.now(), data, data["to"])

    async def _pause(self, error: Exception) -> Sequence[Outgoing]:
        log.warning("the log cannot be read for a stream of %s, trying again: %r", self.stream.tenant, error)
        await asyncio.sleep(PAUSE_S)
        return ()
