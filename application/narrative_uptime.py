"""Sentences for what people say of uptime."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from domain.event import Fact
from domain.uptime import events as uptime


def _declared(fact: uptime.ExclusionDeclared) -> str:
    where = f"EVSE {fact.evse_id}" if fact.evse_id else "every port"
    shown = fact.evidence or f"file {fact.artefact}"
    approved = f", approved by {fact.approved_by}" if fact.approved_by else ""
    return (
        f"Outages of {where} from {_time(fact.begin)} to {_time(fact.end)} do not count "
        f"({fact.cause}{approved}): {shown.rstrip('.')}."
    )


def _withdrawn(fact: uptime.ExclusionWithdrawn) -> str:
    return f"The exclusion {fact.exclusion_id} was withdrawn: {fact.reason.rstrip('.')}."


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


UPTIME: Mapping[type[Fact], Callable[[Any], str]] = {
    uptime.ExclusionDeclared: _declared,
    uptime.ExclusionWithdrawn: _withdrawn,
    uptime.PortRated: lambda f: f"EVSE {f.evse_id} delivers {f.rated_w} W at most, by its plate.",
}
"""Fact → sentence."""
