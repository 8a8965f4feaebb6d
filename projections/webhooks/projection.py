"""Webhooks → their rows."""

from collections.abc import Callable, Iterable
from typing import Any

from domain.event import Event, Fact, Recorded
from domain.webhooks import events as webhook
from domain.webhooks.webhook import Condition
from projections.read_model import ReadModel
from projections.webhooks.tables import METADATA, WEBHOOKS
from projections.writes import Upsert, Values, Write


class Webhooks(ReadModel):
    """What is delivered where."""

    name, version = "webhooks", 1
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in _TELL)

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One row changes."""
        event: Event[Any] = recorded.event
        _, tenant, name = event.originator_id.split("/", 2)
        values, once = _TELL[type(event.fact)](event.fact, event)
        values = {**values, "changed_at": event.told.recorded_at}
        return [Upsert(WEBHOOKS, (tenant, name), values, once)]


def _defined(fact: webhook.WebhookDefined, event: Event[Any]) -> tuple[Values, Values]:
    values: Values = {
        "name": fact.name,
        "url": fact.url,
        "types": list(fact.types) or None,
        "chargers": list(fact.chargers) or None,
        "meter": fact.meter,
    }
    once = {
        "condition": Condition.ACTIVE,
        "defined_at": event.told.recorded_at,
        "defined_by": event.told.actor,
    }
    return values, once


def _rotated(fact: webhook.WebhookSecretRotated, event: Event[Any]) -> tuple[Values, Values]:
    return {"generation": fact.generation, "former_until": fact.former_until}, {}


def _condition(condition: Condition, reason: Callable[[Any], str]) -> Any:
    def tell(fact: Any, event: Event[Any]) -> tuple[Values, Values]:
        return {"condition": condition, "reason": reason(fact) or None}, {}

    return tell


_TELL: dict[type[Fact], Callable[[Any, Event[Any]], tuple[Values, Values]]] = {
    webhook.WebhookDefined: _defined,
    webhook.WebhookSecretRotated: _rotated,
    webhook.WebhookPaused: _condition(Condition.PAUSED, lambda fact: fact.reason),
    webhook.WebhookResumed: _condition(Condition.ACTIVE, lambda _: ""),
    webhook.WebhookDisabled: _condition(Condition.DISABLED, lambda fact: fact.why),
    webhook.WebhookRemoved: _condition(Condition.REMOVED, lambda fact: fact.reason),
}
