"""A fact is what happened; an event is a fact on a stream, with who told it, when, and in which words."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

import msgspec

CHARGER = "charger"
"""The actor of what a charger tells."""


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened, in our words. `TOPIC` is its stored name and never changes."""

    TOPIC: ClassVar[str]


F = TypeVar("F", bound=Fact, covariant=True)


class Told(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The circumstances of a message: who said it, when, and the very text."""

    recorded_at: datetime
    """Our clock (UTC) when the frame was read."""
    occurred_at: datetime | None = None
    """The teller's own clock, as told; None where the message carries no time."""
    actor: str = CHARGER
    """`charger`, `user:<name>`, `key:<id>`, `job:<name>` or `zeus`."""
    cause: str = ""
    """The OCPP message id, the API request id, or the stream@version of the causing event."""
    connection: str = ""
    """The connection the frame came over, empty where there is none."""
    frame: str | None = None
    """The frame as received, without the values of secret settings; None where no frame was involved."""
    frame_bytes: bytes | None = None
    """The bytes as received, where they were no UTF-8 text; `frame` then shows them as well as it can."""
    reply: str | None = None
    """The frame sent back; None where the specification asks for silence."""
    seq_no: int | None = None
    """The teller's own number of the message, where the version has one (2.x TransactionEvent)."""
    repairs: tuple[str, ...] = ()
    """The named repairs that made a schema-breaking frame readable; the frame itself is untouched."""


class Event(msgspec.Struct, Generic[F], frozen=True, kw_only=True):
    """A fact as it stands in the log: on which stream, as which version, and how it was told."""

    originator_id: str
    originator_version: int
    fact: F
    told: Told

    @property
    def tenant(self) -> str:
        """The tenant, which is the second part of every stream id."""
        return self.originator_id.split("/", 2)[1]


class Recorded(msgspec.Struct, Generic[F], frozen=True):
    """An event with its place in the log: what projections and auditors read."""

    position: int
    event: Event[F]


def events_of(stream: str, version: int, facts: Iterable[Fact], told: Told) -> list[Event[Fact]]:
    """Number `facts` on `stream` after `version`; the frame and its reply stay with the first."""
    bare = told
    if told.frame is not None or told.reply is not None:
        bare = msgspec.structs.replace(told, frame=None, frame_bytes=None, reply=None)
    out: list[Event[Fact]] = []
    for n, fact in enumerate(facts, start=1):
        circumstances = told if n == 1 else bare
        out.append(Event(originator_id=stream, originator_version=version + n, fact=fact, told=circumstances))
    return out
