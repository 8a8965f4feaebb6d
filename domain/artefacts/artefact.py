"""The artefact aggregate: what was stored, and what each of its links still allows."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from domain.artefacts.coverage import Span, covers, joined
from domain.artefacts.events import Fetched, Purpose, Released, Stored, Withdrawn
from domain.event import Event, Fact

MOST_REQUESTS = 20_000
"""Requests over one link: 5 KiB each are enough for 100 MiB, and each of them is an event."""


class ArtefactUnknown(LookupError):
    """There is no such artefact, or it was withdrawn."""


class ArtefactAlreadyStored(Exception):
    """An artefact is stored once; a new version of a file is a new artefact."""


class LinkUnusable(LookupError):
    """The link was never made, has expired, is used up, or is for something else."""


class Link(msgspec.Struct):
    """One signed URL: for whom, and how much of it is used."""

    charger: str
    purpose: Purpose
    expires_at: datetime
    uses: int
    max_bytes: int | None = None
    command: str = ""
    used: int = 0
    requests: int = 0
    sent: list[Span] = []
    """What has gone over it since it was last fetched completely."""

    def usable(self, purpose: Purpose, now: datetime) -> bool:
        """Whether it allows this now."""
        fresh = now < self.expires_at and self.used < self.uses and self.requests < MOST_REQUESTS
        return fresh and self.purpose is purpose


class Artefact(msgspec.Struct):
    """State of one artefact. One that waits for its upload has links and no bytes yet."""

    stream: str
    version: int = 0
    stored: Stored | None = None
    withdrawn: bool = False
    links: dict[str, Link] = msgspec.field(default_factory=dict)

    def content(self) -> Stored:
        """What is stored. Raises ArtefactUnknown."""
        if self.stored is None or self.withdrawn:
            raise ArtefactUnknown(self.stream)
        return self.stored

    def link(self, name: str, purpose: Purpose, now: datetime) -> Link:
        """A link that allows this now. Raises LinkUnusable."""
        link = self.links.get(name)
        if link is None or self.withdrawn or not link.usable(purpose, now):
            raise LinkUnusable(name)
        return link

    def store(self, fact: Stored) -> list[Fact]:
        """Take bytes an operator brought. Raises ArtefactAlreadyStored."""
        if self.version:
            raise ArtefactAlreadyStored(self.stream)
        return [fact]

    def release(self, fact: Released) -> list[Fact]:
        """Make a link; one for downloading needs something to download. Raises ArtefactUnknown."""
        if fact.purpose is Purpose.DOWNLOAD:
            self.content()
        return [fact]

    def receive(self, fact: Stored, begun_at: datetime) -> list[Fact]:
        """Take a charger's upload, begun at that time: the first complete one wins. Raises LinkUnusable."""
        self.link(fact.link, Purpose.UPLOAD, begun_at)
        if self.stored is not None:
            raise LinkUnusable(fact.link)
        return [fact]

    def fetch(self, link: str, span: Span, remote: str) -> list[Fact]:
        """Note what was sent; that the link has expired meanwhile does not matter."""
        size, sent = self.content().size_bytes, self.links[link].sent
        start, end = span
        whole = covers(joined(sent, span), size)
        return [Fetched(link=link, offset=start, length=end - start, complete=whole, remote=remote)]

    def withdraw(self, reason: str) -> list[Fact]:
        """Its bytes are to go; withdrawn already: nothing new. Raises ArtefactUnknown."""
        if not self.version:
            raise ArtefactUnknown(self.stream)
        return [] if self.withdrawn else [Withdrawn(reason)]

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state."""
        self.version = event.originator_version
        evolve = _EVOLVE.get(type(event.fact))
        if evolve is not None:
            evolve(self, event.fact)


def _stored(state: Artefact, fact: Stored) -> None:
    state.stored = fact
    link = state.links.get(fact.link)
    if link is not None:
        link.used += 1


def _released(state: Artefact, fact: Released) -> None:
    state.links[fact.link] = Link(
        fact.charger, fact.purpose, fact.expires_at, fact.uses, fact.max_bytes, fact.command
    )


def _fetched(state: Artefact, fact: Fetched) -> None:
    link = state.links.get(fact.link)
    if link is None:
        return
    link.requests += 1
    link.used += fact.complete
    link.sent = [] if fact.complete else joined(link.sent, (fact.offset, fact.offset + fact.length))


def _withdrawn(state: Artefact, fact: Withdrawn) -> None:
    state.withdrawn = True


_EVOLVE: dict[type[Fact], Callable[[Artefact, Any], None]] = {
    Stored: _stored,
    Released: _released,
    Fetched: _fetched,
    Withdrawn: _withdrawn,
}
