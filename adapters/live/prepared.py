"""Messages made ready once for all who may get them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from adapters.live.places import Place, Seals
from domain.event import Event
from domain.metering import Sample
from domain.tenants.roles import Right
from projections.live.catalogue import messages_of
from projections.live.message import Message

_encode = msgspec.json.Encoder().encode


class Prepared(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message as bytes, and what a listener's filter looks at."""

    place: Place
    id: str
    tenant: str
    type: str
    charger: str
    connector: int | None
    session: str | None
    right: Right
    at: datetime
    """Our clock."""
    body: bytes
    """The envelope as JSON, without a line break in it."""
    samples: tuple[Sample, ...] = ()

    @property
    def size(self) -> int:
        """Bytes, more or less, that it takes while it waits."""
        return len(self.body)


Envelope: TypeAlias = Callable[[Place, str, datetime, Message], Prepared]
"""(place, tenant, our clock, message) → the message as it is sent."""


class Preparer:
    """Turns events into prepared messages; for one thread."""

    def __init__(self, secret: bytes) -> None:
        self._seals = Seals(secret)
        self.events = 0
        """How many events were turned into messages, for the curious."""

    def prepare(self, position: int, event: Event[Any], *, frames: bool = True) -> list[Prepared]:
        """All messages of an event, whoever wants them; the frame comes last and may be left out."""
        self.events += 1
        tenant, at = event.tenant, event.told.recorded_at
        return [
            self.envelope(Place(position, part), tenant, at, message)
            for part, message in enumerate(messages_of(event, frames=frames))
        ]

    def envelope(self, place: Place, tenant: str, at: datetime, message: Message) -> Prepared:
        """One message at its place."""
        sealed = self._seals.of(tenant).seal(place)
        body = {
            "id": sealed,
            "type": message.type,
            "tenant": tenant,
            "site": None,
            "charger": message.charger or None,
            "connector": message.connector,
            "session": message.session,
            "ts": at,
            "data": message.data,
        }
        return Prepared(
            place=place,
            id=sealed,
            tenant=tenant,
            type=message.type,
            charger=message.charger,
            connector=message.connector,
            session=message.session,
            right=message.right,
            at=at,
            body=_encode(body),
            samples=message.samples,
        )


class Control(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message about the stream itself."""

    type: str
    id: str | None
    """Where it is a place to resume from."""
    body: bytes


def control(kind: str, tenant: str, at: datetime, data: dict[str, Any], sealed: str | None = None) -> Control:
    """The envelope of a message about the stream itself."""
    head = {} if sealed is None else {"id": sealed}
    body = _encode({**head, "type": kind, "tenant": tenant, "ts": at, "data": data})
    return Control(type=kind, id=sealed, body=body)
