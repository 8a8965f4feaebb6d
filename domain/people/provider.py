"""The provider (OpenID Connect) by which people of a tenant sign in, and which of its groups have a role here."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import msgspec

from domain.event import Event, Fact
from domain.tenants.roles import Role


class GroupRole(msgspec.Struct, frozen=True):
    """Who is in the group has the role; the first that fits counts."""

    group: str
    role: Role


class ProviderChosen(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """People of the tenant may sign in by this provider."""

    TOPIC = "oidc.provider_chosen"
    issuer: str
    client_id: str
    secret: str = ""
    """Sealed with the installation's key; empty for a public client."""
    groups_claim: str = "groups"
    """The claim with the names of somebody's groups."""
    roles: tuple[GroupRole, ...] = ()
    scopes: tuple[str, ...] = ("openid", "profile", "email")


class ProviderDropped(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Nobody signs in by it any more."""

    TOPIC = "oidc.provider_dropped"
    reason: str = ""


class ProviderImpossible(ValueError):
    """An issuer is an https address without a query, a client has an id, and some group has a role."""


class ProviderUnknown(Exception):
    """The tenant has no provider; `zeus oidc choose` names one."""


class Provider(msgspec.Struct):
    """State of a tenant's provider; the only way to change it is `when`."""

    stream: str
    version: int = 0
    chosen: ProviderChosen | None = None

    def choose(self, wanted: ProviderChosen, *, plain: bool = False) -> list[Fact]:
        """With `plain` the issuer may be at http. Raises ProviderImpossible."""
        parts = urlsplit(wanted.issuer)
        fitting = parts.scheme == "https" or (plain and parts.scheme == "http")
        if not fitting or not parts.hostname or parts.query or parts.fragment or parts.username:
            raise ProviderImpossible(wanted.issuer)
        if not wanted.client_id or not wanted.roles or "openid" not in wanted.scopes:
            raise ProviderImpossible(wanted.client_id)
        return [wanted]

    def drop(self, reason: str) -> list[Fact]:
        """Raises ProviderUnknown."""
        if self.chosen is None:
            raise ProviderUnknown
        return [ProviderDropped(reason=reason)]

    def role_of(self, groups: Collection[str]) -> Role | None:
        """By the first group that has one; None: nobody of these may come in."""
        roles = self.chosen.roles if self.chosen is not None else ()
        return next((one.role for one in roles if one.group in groups), None)

    def when(self, event: Event[Any]) -> None:
        """Take a fact in."""
        if event.originator_version <= self.version:
            return
        self.version = event.originator_version
        self.chosen = event.fact if isinstance(event.fact, ProviderChosen) else None


def provider_stream(tenant: str) -> str:
    """`oidc/<tenant>/provider`."""
    return f"oidc/{tenant}/provider"
