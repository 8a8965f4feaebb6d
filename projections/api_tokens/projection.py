"""Tokens issued, used and revoked → their rows."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.event import Event, Fact, Recorded
from domain.tenants import events as tenant
from projections.api_tokens.tables import API_TOKENS, METADATA
from projections.bounds import key_text
from projections.read_model import ReadModel
from projections.writes import Upsert, Values, Write


class ApiTokens(ReadModel):
    """Who may act for a tenant."""

    name, version = "api_tokens", 2
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in _TELL)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One row changes."""
        event: Event[Any] = recorded.event
        _, owner, name = event.originator_id.split("/", 2)
        return [Upsert(API_TOKENS, (owner, key_text(name)), _TELL[type(event.fact)](event.fact, event))]


def _issued(fact: tenant.TokenIssued, event: Event[Any]) -> Values:
    return {
        "name": fact.name,
        "role": fact.role,
        "rights": [str(right) for right in fact.rights] or None,
        "chargers": [key_text(key) for key in fact.chargers] or None,
        "issued_at": event.told.recorded_at,
        "issued_by": event.told.actor,
        "expires_at": fact.expires_at,
    }


def _revoked(fact: tenant.TokenRevoked, event: Event[Any]) -> Values:
    told = event.told
    return {"revoked_at": told.recorded_at, "revoked_by": told.actor, "revoke_reason": fact.reason or None}


def _seen(fact: tenant.TokenSeen, event: Event[Any]) -> Values:
    return {"last_seen_at": event.told.recorded_at}


_TELL: dict[type[Fact], Callable[[Any, Event[Any]], Values]] = {
    tenant.TokenIssued: _issued,
    tenant.TokenRevoked: _revoked,
    tenant.TokenSeen: _seen,
}
