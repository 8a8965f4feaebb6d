"""Webhooks, in sentences."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from application.phrasing import told_as
from domain.event import Fact
from domain.webhooks import events as webhook


def _defined(fact: webhook.WebhookDefined) -> str:
    what = ", ".join(fact.types) or "everything"
    of = f" of {', '.join(fact.chargers)}" if fact.chargers else ""
    return f"The webhook{told_as(fact.name)} delivers {what}{of} to {fact.url}."


def _rotated(fact: webhook.WebhookSecretRotated) -> str:
    return f"The webhook signs with secret {fact.generation}, and with the former one until {_time(fact.former_until)}."


def _disabled(fact: webhook.WebhookDisabled) -> str:
    return f"The webhook was disabled: nothing was taken since {_time(fact.failing_since)}; {fact.why}."


def _because(words: str, reason: str) -> str:
    return f"{words}: {reason}." if reason else f"{words}."


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


WEBHOOKS: Mapping[type[Fact], Callable[[Any], str]] = {
    webhook.WebhookDefined: _defined,
    webhook.WebhookSecretRotated: _rotated,
    webhook.WebhookPaused: lambda f: _because("The webhook was paused", f.reason),
    webhook.WebhookResumed: lambda _: "The webhook delivers again.",
    webhook.WebhookDisabled: _disabled,
    webhook.WebhookRemoved: lambda f: _because("The webhook was removed", f.reason),
}
"""A part of `narrative.SENTENCES`."""
