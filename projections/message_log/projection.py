"""Every event that carries a frame → a line of the log, whatever was made of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from domain.event import Fact, Recorded
from projections.message_log.envelope import read_head
from projections.message_log.tables import MESSAGES, METADATA
from projections.partitions import WEEK, drop_expired, ensure_partitions
from projections.read_model import Link, ReadModel
from projections.streams import subject_of
from projections.writes import Append, Write


class MessageLog(ReadModel):
    """What was said on the wire."""

    name, version = "message_log", 1
    tables = METADATA

    def __init__(self, facts: Iterable[type[Fact]], *, step: timedelta = WEEK) -> None:
        """`facts` is the whole catalogue; `step` is what a partition spans and what retention drops."""
        self.topics = frozenset(fact.TOPIC for fact in facts)
        self._step = step

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """A line, if a frame was involved; the other events of the message carry none."""
        event, told = recorded.event, recorded.event.told
        frame = told.frame
        if frame is None:
            return ()
        tenant, charger = subject_of(event.originator_id)
        head = read_head(frame)
        reply = told.reply
        error = head.error_code
        if error is None and reply is not None and reply[:3] in ("[4,", "[4 "):
            error = read_head(reply).error_code
        row = {
            "tenant": tenant,
            "at": told.recorded_at,
            "position": recorded.position,
            "charger": charger,
            "direction": "in" if told.actor == "charger" else "out",
            "kind": head.kind,
            "message_id": head.message_id,
            "action": head.action,
            "event": event.fact.TOPIC,
            "error_code": error,
            "request": frame,
            "reply": reply,
            "repairs": told.repairs or None,
            "connection": told.connection or None,
            "stream": event.originator_id,
        }
        return (Append(MESSAGES, row),)

    def prepare(self, connection: Link, writes: Sequence[Write]) -> None:
        """The partitions the lines need."""
        moments = {write.row["at"] for write in writes if isinstance(write, Append)}
        ensure_partitions(connection, MESSAGES.name, moments, step=self._step)


def retain(connection: Link, before: datetime) -> int:
    """Drop the partitions that hold nothing at or after `before`; returns how many. Needs autocommit."""
    return drop_expired(connection, MESSAGES.name, before)
