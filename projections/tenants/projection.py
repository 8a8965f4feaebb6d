"""Tenants founded, suspended and resumed → their rows."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.event import Event, Fact, Recorded
from domain.tenants import events as tenant
from projections.read_model import ReadModel
from projections.tenants.tables import METADATA, TENANTS
from projections.writes import Upsert, Values, Write


class Tenants(ReadModel):
    """Who is served."""

    name, version = "tenants", 1
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in _TELL)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One row changes."""
        event: Event[Any] = recorded.event
        return [Upsert(TENANTS, (event.tenant,), _TELL[type(event.fact)](event.fact, event))]


def _founded(fact: tenant.Founded, event: Event[Any]) -> Values:
    return {"name": fact.name, "founded_at": event.told.recorded_at}


def _suspended(fact: tenant.Suspended, event: Event[Any]) -> Values:
    return {"suspended_at": event.told.recorded_at, "reason": fact.reason or None}


def _resumed(fact: tenant.Resumed, event: Event[Any]) -> Values:
    return {"suspended_at": None, "reason": None}


_TELL: dict[type[Fact], Callable[[Any, Event[Any]], Values]] = {
    tenant.Founded: _founded,
    tenant.Suspended: _suspended,
    tenant.Resumed: _resumed,
}
