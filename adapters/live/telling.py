"""Stored events → prepared messages, whatever is stored."""

import logging
from collections.abc import Sequence
from datetime import datetime

from adapters.live.log import Row
from adapters.live.places import Place
from adapters.live.prepared import Prepared, Preparer
from application import clock
from projections.live.catalogue import SILENT
from projections.live.message import Message
from projections.log import Decode

log = logging.getLogger("zeus.live")

UNREADABLE = "stream.unreadable"
SILENT_TOPICS = frozenset(fact.TOPIC for fact in SILENT)
"""Not even decoded, unless somebody listens to frames."""


class Teller:
    """For one thread."""

    def __init__(self, decode: Decode, secret: bytes) -> None:
        self._decode = decode
        self.preparer = Preparer(secret)

    def tell(self, rows: Sequence[Row], *, frames: bool) -> list[Prepared]:
        """All messages of these events, in order; without those that hold frames, unless they are wanted."""
        told: list[Prepared] = []
        for row in rows:
            told += self._tell(row, frames=frames)
        return told

    def _tell(self, row: Row, *, frames: bool) -> list[Prepared]:
        try:
            event = self._decode(row.topic, row.state, row.stream, row.version)
            messages = self.preparer.prepare(row.position, event, frames=frames)
        except Exception as error:  # noqa: BLE001 - the border of a stream: what is stored may be anything
            log.error("event %d cannot be told (%s v%d): %r", row.position, row.stream, row.version, error)
            return [self._unreadable(row, clock.now())]
        return messages

    def _unreadable(self, row: Row, now: datetime) -> Prepared:
        """There is something, and it cannot be told: nobody is to believe that nothing was there."""
        tenant = row.stream.split("/", 2)[1]
        message = Message(type=UNREADABLE, data={"event": row.topic})
        return self.preparer.envelope(Place(row.position, 0), tenant, now, message)
