"""Where the listeners of a process meet the end of the log; on the event loop alone."""

import asyncio
import logging
import threading
from collections.abc import Callable

from adapters.live.log import LiveLog
from adapters.live.stream import Batch, Stream
from adapters.live.tail import PATIENCE_S, Scope, Tail
from adapters.live.telling import Teller

log = logging.getLogger("zeus.live")

LINGER_S = 10.0
"""So long the log is followed after the last listener has gone: mostly it comes again."""


class Hub:
    """Nobody listens: nothing is read. The tail starts with the first stream, and ends after the last."""

    def __init__(self, open_log: Callable[[], LiveLog], new_teller: Callable[[], Teller]) -> None:
        self._open_log = open_log
        self._new_teller = new_teller
        self._streams: dict[Stream, Callable[[], None]] = {}
        self._scope = Scope()
        self._too_wide = False
        """Is somebody gone whose wishes the scope may still hold? It is looked at with the next batch."""
        self._turn: _Turn | None = None
        self._ending: asyncio.TimerHandle | None = None
        self.delivered = 0
        """Messages handed to streams."""
        self.decoded_before = 0

    @property
    def decoded(self) -> int:
        """Events that were decoded for all listeners together."""
        return self.decoded_before + (self._turn.teller.preparer.events if self._turn else 0)

    @property
    def listeners(self) -> int:
        """Streams that are attached."""
        return len(self._streams)

    @property
    def position(self) -> int | None:
        """How far the log was handed out; None while nobody listens."""
        return self._turn.position if self._turn is not None else None

    async def attach(self, stream: Stream, wake: Callable[[], None]) -> int:
        """From the returned position on, `stream` is offered all there is; `wake` is called when something waits.

        Waits for the database. Between the last await in here and the return no batch is delivered.
        """
        self._include(stream)
        turn = self._begin()
        await turn.ready.wait()
        if turn is not self._turn or turn.position is None:  # it ended while we waited, which is rare
            return await self.attach(stream, wake)
        self._streams[stream] = wake
        self._include(stream)
        stream.attach(turn.position)
        return turn.position

    def detach(self, stream: Stream) -> None:
        """It wants no more."""
        self._streams.pop(stream, None)
        stream.detach()
        self._too_wide = True
        if not self._streams and self._turn is not None and self._ending is None:
            self._ending = asyncio.get_running_loop().call_later(LINGER_S, self._end)

    def close(self) -> None:
        """Nobody is told anything any more."""
        self._streams.clear()
        self._end()

    # -- the tail ------------------------------------------------------------------------------------------

    def _begin(self) -> "_Turn":
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        if self._turn is None:
            teller = self._new_teller()
            self._turn = _Turn(self, asyncio.get_running_loop(), teller)
            self._turn.tail = Tail(self._open_log, teller, self._scope, self._turn)
            self._turn.tail.start()
        return self._turn

    def _end(self) -> None:
        self._ending = None
        if self._turn is not None and not self._streams:
            self.decoded_before += self._turn.teller.preparer.events
            self._turn.stop()
            self._turn = None

    def _include(self, stream: Stream) -> None:
        """Before it is attached: the tail may read a batch with its tenant a moment too early, never too late."""
        self._scope.tenants |= {stream.tenant}
        self._scope.frames |= stream.selection.frames

    def _narrow(self) -> None:
        self._too_wide = False
        self._scope.tenants = frozenset(stream.tenant for stream in self._streams)
        self._scope.frames = any(stream.selection.frames for stream in self._streams)

    def deliver(self, turn: "_Turn", batch: Batch) -> None:
        """Hand out what the tail read."""
        if turn is not self._turn:
            return
        turn.position = batch.upto
        for stream, wake in list(self._streams.items()):
            before = stream.waiting
            if not stream.offer(batch):
                del self._streams[stream]
                wake()
            elif stream.waiting > before:
                self.delivered += stream.waiting - before
                wake()
        if self._too_wide:
            self._narrow()


class _Turn:
    """One life of a tail, and the way of its batches from the thread to the loop."""

    def __init__(self, hub: Hub, loop: asyncio.AbstractEventLoop, teller: Teller) -> None:
        self._hub = hub
        self._loop = loop
        self.teller = teller
        self.tail: Tail | None = None
        self.ready = asyncio.Event()
        self.position: int | None = None

    def stop(self) -> None:
        """The thread ends by itself."""
        if self.tail is not None:
            self.tail.stop()
        self.ready.set()

    def begun(self, position: int) -> None:
        """See Audience."""
        self._on_loop(lambda: self._begun(position))

    def told(self, batch: Batch) -> None:
        """See Audience. The tail reads on when the loop has had the time for this batch: it never runs ahead."""
        self._on_loop(lambda: self._hub.deliver(self, batch))

    def _begun(self, position: int) -> None:
        self.position = position
        self.ready.set()

    def _on_loop(self, do: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            try:
                do()
            finally:
                done.set()

        try:
            self._loop.call_soon_threadsafe(run)
        except RuntimeError as error:  # the loop is closed: so is this process
            log.debug("nobody is there to be told any more: %r", error)
            return
        done.wait(PATIENCE_S)
