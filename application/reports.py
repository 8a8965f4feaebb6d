"""What the edge hands in and gets back: a report in our words, and the decision upon it."""

from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from domain.chargers.events import Acceptance
from domain.event import Event, Fact
from domain.id_tokens.id_token import Authorization
from domain.identity import IdToken


class Report(msgspec.Struct, frozen=True):
    """A message of a charger in our words.

    `body` is a report that needs a decision (BootReport, TransactionReport, TokenQuestion …) or, where
    nothing is to be decided, the fact itself.
    """

    body: Any
    at: datetime | None = None
    """The charger's clock (UTC), where the message carries a readable time."""
    seq_no: int | None = None


class TokenQuestion(msgspec.Struct, frozen=True):
    """May this token charge? (Authorize)"""

    id_token: IdToken
    with_certificate: bool = False
    """A contract certificate, or hashes to ask an OCSP responder with, came along (2.x C07)."""


class Aggregate(Protocol):
    """What a decision changes: something with a stream, a version, and a way to take facts."""

    version: int

    @property
    def stream(self) -> str:
        """The stream id."""

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state."""


class Decision(msgspec.Struct):
    """What the charger is told, and what became true; the frame stays with the first fact."""

    outcome: object
    changes: list[tuple[Aggregate, list[Fact]]]


F = TypeVar("F", bound=Fact, covariant=True)


class Taken(msgspec.Struct, Generic[F], frozen=True):
    """Outcome where nothing was to be decided: the fact as it was recorded, and when (our clock, UTC)."""

    fact: F
    at: datetime


class Withheld(msgspec.Struct, frozen=True):
    """Outcome: the charger may not say this before it is accepted; answered SecurityError."""

    acceptance: Acceptance


class TransactionAnswer(msgspec.Struct, frozen=True):
    """Outcome of a transaction report."""

    number: int = 0
    authorization: Authorization | None = None
    """Where the report carried a token."""


class Time(msgspec.Struct, frozen=True):
    """Outcome of a heartbeat: our time."""

    now: datetime
