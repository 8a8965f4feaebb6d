"""The end of the log, read once for all listeners of a process, in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

import psycopg

from adapters.live.coalescing import Coalescer
from adapters.live.log import LiveLog
from adapters.live.prepared import Prepared
from adapters.live.stream import Batch
from adapters.live.telling import SILENT_TOPICS, Teller
from application import clock

log = logging.getLogger("zeus.live")

LIMIT = 500
"""Events a batch."""
PACE_S = 0.02
"""Under load something is committed every few milliseconds; each turn of ours costs the sockets theirs."""
WAIT_S = 1.0
"""A bell that was lost is made up for after so long."""
PAUSE_S = 0.5
PATIENCE_S = 30.0


class Audience(Protocol):
    """Who listens; both methods are called in the thread of the tail and must be quick to come back."""

    def begun(self, position: int) -> None:
        """The first batch will be of what comes after `position`."""
        ...

    def told(self, batch: Batch) -> None:
        """Return when the batch was handed out."""
        ...


class Scope:
    """Whose events are to be read; written by the loop, read by the thread."""

    def __init__(self) -> None:
        self.tenants: frozenset[str] = frozenset()
        self.frames = False


class Tail(threading.Thread):
    """Follows the log from where it ends when the thread starts, until it is told to stop."""

    def __init__(
        self, open_log: Callable[[], LiveLog], teller: Teller, scope: Scope, audience: Audience
    ) -> None:
        super().__init__(name="live-tail", daemon=True)
        self._open_log = open_log
        self._teller = teller
        self._scope = scope
        self._audience = audience
        self._stopping = threading.Event()
        self._position: int | None = None
        self._coalescers: dict[str, Coalescer] = {}

    def stop(self) -> None:
        """It ends within a second; nothing is told any more."""
        self._stopping.set()

    def run(self) -> None:
        """Whatever happens to the database: what was told is not told again, and nothing is left out."""
        reader = self._open_log()
        while not self._stopping.is_set():
            try:
                self._step(reader)
            except (psycopg.Error, OSError) as error:
                log.warning("the log cannot be followed now, trying again: %r", error)
                reader.close()
                self._stopping.wait(PAUSE_S)
        reader.close()

    def _step(self, reader: LiveLog) -> None:
        if self._position is None:
            self._position = reader.head()
            self._audience.begun(self._position)
        tenants, frames = self._scope.tenants, self._scope.frames
        head = reader.head()
        upto, messages = self._position, list[Prepared]()
        if head > self._position:
            without = () if frames else SILENT_TOPICS
            rows, upto = reader.read(self._position, head, LIMIT, tenants, without)
            messages = self._teller.tell(rows, frames=frames)
        batch = self._batch(messages, upto, tenants, frames=frames)
        if batch.upto > batch.after or batch.coalesced:
            self._position = upto
            if not self._stopping.is_set():
                self._audience.told(batch)
        if upto >= head:
            reader.wait(self._patience())
            self._stopping.wait(PACE_S)

    def _batch(self, messages: list[Prepared], upto: int, tenants: frozenset[str], *, frames: bool) -> Batch:
        every: dict[str, list[Prepared]] = {}
        for message in messages:
            every.setdefault(message.tenant, []).append(message)
        now, coalesced = clock.now(), dict[str, list[Prepared]]()
        for tenant in tenants | self._coalescers.keys():
            if tenant not in tenants:
                del self._coalescers[tenant]
                continue
            coalescer = self._coalescers.get(tenant)
            if coalescer is None:
                coalescer = self._coalescers[tenant] = Coalescer(self._teller.preparer.envelope)
            if told := [*coalescer.feed(every.get(tenant, ()), upto), *coalescer.due(now)]:
                coalesced[tenant] = told
        after = upto if self._position is None else self._position
        return Batch(after=after, upto=upto, tenants=tenants, frames=frames, every=every, coalesced=coalesced)

    def _patience(self) -> float:
        dues = [due for one in self._coalescers.values() if (due := one.next_due) is not None]
        if not dues:
            return WAIT_S
        return min(WAIT_S, max(0.0, (min(dues) - clock.now()).total_seconds()))
