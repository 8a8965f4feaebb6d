"""Tenants and API tokens, in sentences."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from application.phrasing import told_as
from domain.event import Fact
from domain.tenants import events as tenant


def _issued(fact: tenant.TokenIssued) -> str:
    until = f"until {_time(fact.expires_at)}" if fact.expires_at else "without an end"
    role = fact.role.replace("_", " ")
    narrowed = f", for {', '.join(fact.rights)} alone" if fact.rights else ""
    where = f", at {len(fact.chargers)} chargers" if fact.chargers else ""
    return f"API token {fact.token_id}{told_as(fact.name)} was issued to a {role}{narrowed}{where}, {until}."


def _because(words: str, reason: str) -> str:
    return f"{words}: {reason}." if reason else f"{words}."


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


TENANTS: Mapping[type[Fact], Callable[[Any], str]] = {
    tenant.Founded: lambda f: f"Tenant {f.slug}{told_as(f.name)} was founded.",
    tenant.Suspended: lambda f: _because("The tenant was suspended", f.reason),
    tenant.Resumed: lambda _: "The tenant is served again.",
    tenant.TokenIssued: _issued,
    tenant.TokenRevoked: lambda f: _because("The API token was revoked", f.reason),
    tenant.TokenSeen: lambda _: "The API token was used.",
    tenant.AllTenantsEntered: lambda f: (
        f"Process {f.pid} on {f.host} works over every tenant's rows as {f.role}: {f.purpose}."
    ),
}
"""A part of `narrative.SENTENCES`."""
