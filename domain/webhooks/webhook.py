"""A webhook: defined, paused, resumed, disabled, removed; its secrets by number."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import msgspec

from domain.event import Event, Fact
from domain.webhooks.events import (
    WebhookDefined,
    WebhookDisabled,
    WebhookPaused,
    WebhookRemoved,
    WebhookResumed,
    WebhookSecretRotated,
)

LONGEST_URL = 1000
LONGEST_NAME = 100
OVERLAP = timedelta(hours=24)
"""So long after a rotation deliveries bear the signatures of both secrets."""
_ID = re.compile(r"[0-9a-f]{22}")


class Condition(StrEnum):
    """Is anything delivered?"""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"
    REMOVED = "removed"


class WebhookUnknown(Exception):
    """There is no webhook of this id; `zeus webhook list` shows those that are."""


class WebhookExists(Exception):
    """A webhook of this id was made already."""


class WebhookImpossible(ValueError):
    """A webhook has an address and a name that can be used; the message says what is wrong."""


class Webhook(msgspec.Struct):
    """State of a webhook; the only way to change it is `when`."""

    stream: str
    version: int = 0
    defined: WebhookDefined | None = None
    condition: Condition = Condition.ACTIVE
    generation: int = 1
    """The number of the secret in use."""
    former_until: datetime | None = None
    """Until then the secret before it is in use as well."""

    def define(self, wanted: WebhookDefined, *, private: bool = False) -> list[Fact]:
        """Raises WebhookExists, WebhookImpossible."""
        if self.defined is not None:
            raise WebhookExists
        return self._defined(wanted, private=private)

    def redefine(self, wanted: WebhookDefined, *, private: bool = False) -> list[Fact]:
        """Already so: no event. Raises WebhookUnknown, WebhookImpossible."""
        self._check()
        return [] if wanted == self.defined else self._defined(wanted, private=private)

    def rotate(self, now: datetime) -> list[Fact]:
        """Raises WebhookUnknown."""
        self._check()
        return [WebhookSecretRotated(generation=self.generation + 1, former_until=now + OVERLAP)]

    def pause(self, reason: str) -> list[Fact]:
        """Already so: no event. Raises WebhookUnknown."""
        self._check()
        return [] if self.condition is Condition.PAUSED else [WebhookPaused(reason)]

    def resume(self) -> list[Fact]:
        """Already so: no event. Raises WebhookUnknown."""
        self._check()
        return [] if self.condition is Condition.ACTIVE else [WebhookResumed()]

    def disable(self, failing_since: datetime, why: str) -> list[Fact]:
        """Whatever is not active has been dealt with by somebody: no event."""
        if self.condition is not Condition.ACTIVE or self.defined is None:
            return []
        return [WebhookDisabled(failing_since=failing_since, why=why)]

    def remove(self, reason: str) -> list[Fact]:
        """Already so: no event. Raises WebhookUnknown."""
        if self.defined is None:
            raise WebhookUnknown
        return [] if self.condition is Condition.REMOVED else [WebhookRemoved(reason)]

    def secrets_in_use(self, now: datetime) -> list[int]:
        """Their numbers, the newest first."""
        former = self.former_until is not None and now < self.former_until
        return [self.generation, self.generation - 1] if former else [self.generation]

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state, once; never refuses, never looks at a clock."""
        if event.originator_version <= self.version:
            return
        self.version = event.originator_version
        fact = event.fact
        if isinstance(fact, WebhookDefined):
            self.defined = fact
        elif isinstance(fact, WebhookSecretRotated):
            self.generation, self.former_until = fact.generation, fact.former_until
        elif isinstance(fact, WebhookPaused):
            self.condition = Condition.PAUSED
        elif isinstance(fact, WebhookResumed):
            self.condition = Condition.ACTIVE
        elif isinstance(fact, WebhookDisabled):
            self.condition = Condition.DISABLED
        elif isinstance(fact, WebhookRemoved):
            self.condition = Condition.REMOVED

    def _check(self) -> None:
        if self.defined is None or self.condition is Condition.REMOVED:
            raise WebhookUnknown

    def _defined(self, wanted: WebhookDefined, *, private: bool) -> list[Fact]:
        if why := why_unusable(wanted.url, private=private):
            raise WebhookImpossible(why)
        if len(wanted.name) > LONGEST_NAME or not wanted.name.isprintable():
            raise WebhookImpossible(f"A name has at most {LONGEST_NAME} printable characters.")
        return [wanted]


def webhook_stream(tenant: str, webhook_id: str) -> str:
    """`webhook/<tenant>/<id>`."""
    return f"webhook/{tenant}/{webhook_id}"


def is_webhook_id(text: str) -> bool:
    """Could a webhook have this id?"""
    return _ID.fullmatch(text) is not None


def why_unusable(url: str, *, private: bool) -> str:
    """Why nothing can be delivered to this address, as a sentence; empty where it may be tried.

    With `private` plain HTTP is taken, too. Where the name leads is looked at with each connection, not here.
    """
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return (
            f"An address is at most {LONGEST_URL} printable ASCII characters, without blanks and backslashes."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "This is no address."
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        return "Webhooks are delivered by HTTPS."
    if not host or port == 0:
        return "The address names no host."
    if "@" in parts.netloc:
        return "An address with a user or password in it would stand in the log for ever."
    if parts.fragment:
        return "Leave out what follows the `#`."
    return ""
