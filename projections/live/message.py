"""A message of a live stream, before anybody has asked for it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from domain.event import Event
from domain.identity import IdToken
from domain.metering import Sample
from domain.tenants.roles import Right
from projections.streams import session_id, subject_of

Data: TypeAlias = Mapping[str, Any]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell, in JSON's types and those msgspec writes as JSON."""

    type: str
    """Such as `session.started`; docs/live.md has the table of all."""
    charger: str = ""
    """The charger's key; empty where it is about none."""
    connector: int | None = None
    """The number of the EVSE, which in 1.6 is that of the connector; 0 is the charger itself."""
    session: str | None = None
    data: Data
    right: Right = Right.READ
    """What a listener must have the right for."""
    samples: tuple[Sample, ...] = ()
    """Of a `meter.sample`: its readings, for whoever wants them less often."""


Teller: TypeAlias = Callable[[Any, Event[Any]], Sequence[Message]]
"""(fact, its event) → what is told of it. Pure; an event that is told twice is told the same."""


def present(**values: Any) -> Data:
    """Without what is not known: None and empty texts say nothing."""
    return {name: value for name, value in values.items() if value is not None and value != ""}


def about(event: Event[Any], kind: str, connector: int | None = None, /, **values: Any) -> Message:
    """A message about the charger whose stream the event stands on, and its session where it is a transaction's."""
    stream = event.originator_id
    _, charger = subject_of(stream)
    session = session_id(stream) if stream.startswith("transaction/") else None
    return Message(
        type=kind, charger=charger, connector=connector, session=session, data=_told(event, present(**values))
    )


def about_charger(event: Event[Any], charger: str, kind: str, /, **values: Any) -> Message:
    """The same where the stream does not name the charger."""
    return Message(type=kind, charger=charger, data=_told(event, present(**values)))


def token(id_token: IdToken | None) -> Data | None:
    """The one place where an id token gets into a message: as its holder in the log has it."""
    return None if id_token is None else present(value=id_token.value, kind=id_token.kind)


def _told(event: Event[Any], data: Data) -> Data:
    """With the charger's own time, where it told one that the fact does not hold."""
    at = event.told.occurred_at
    return data if at is None or "at" in data else {"at": at, **data}
