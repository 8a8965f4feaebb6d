"""A tenant: founded once, suspended and resumed."""

import re
from typing import Any

import msgspec

from domain.event import Event, Fact
from domain.tenants.events import Founded, Resumed, Suspended

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
"""It is part of every key, and of the address at which the tenant's chargers connect."""
RESERVED = frozenset({"ocpp"})
"""`/ocpp/ocpp/<id>` is a common slip and must never become an address."""


class SlugUnusable(ValueError):
    """A slug is 1 to 31 small letters, digits and hyphens, does not begin with a hyphen, and is not `ocpp`."""


class TenantExists(Exception):
    """There is a tenant of this slug already; nothing was changed."""


class TenantUnknown(Exception):
    """There is no tenant of this slug; `zeus tenant list` shows those that are."""


class Tenant(msgspec.Struct):
    """State of a tenant; the only way to change it is `when`."""

    stream: str
    version: int = 0
    founded: bool = False
    suspended: bool = False
    name: str = ""

    def found(self, slug: str, name: str) -> list[Fact]:
        """Raises SlugUnusable, TenantExists."""
        if self.founded:
            raise TenantExists(slug)
        if not is_slug(slug):
            raise SlugUnusable(slug)
        return [Founded(slug=slug, name=name)]

    def suspend(self, reason: str) -> list[Fact]:
        """Already so: no event."""
        return [] if self.suspended else [Suspended(reason=reason)]

    def resume(self) -> list[Fact]:
        """Already so: no event."""
        return [Resumed()] if self.suspended else []

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state, once; never refuses, never looks at a clock."""
        if event.originator_version <= self.version:
            return
        self.version = event.originator_version
        fact = event.fact
        if isinstance(fact, Founded):
            self.founded, self.name = True, fact.name
        elif isinstance(fact, Suspended):
            self.suspended = True
        elif isinstance(fact, Resumed):
            self.suspended = False


def is_slug(text: str) -> bool:
    """Can a tenant be called this?"""
    return SLUG.fullmatch(text) is not None and text not in RESERVED


def tenant_stream(slug: str) -> str:
    """`tenant/<tenant>/self`."""
    return f"tenant/{slug}/self"
