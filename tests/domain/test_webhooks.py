"""Laws of webhooks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.event import Fact, Told, events_of
from domain.webhooks.events import WebhookDefined, WebhookDisabled, WebhookPaused, WebhookSecretRotated
from domain.webhooks.webhook import (
    OVERLAP,
    Condition,
    Webhook,
    WebhookExists,
    WebhookImpossible,
    WebhookUnknown,
    why_unusable,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
THERE = WebhookDefined(url="https://billing.example/zeus", types=("session.*",))


def given_(*facts: Fact) -> Webhook:
    webhook = Webhook("webhook/acme/1")
    take(webhook, list(facts))
    return webhook


def take(webhook: Webhook, facts: list[Fact]) -> list[Fact]:
    for event in events_of(webhook.stream, webhook.version, facts, Told(recorded_at=NOON)):
        webhook.when(event)
        webhook.when(event)  # twice is once
    return facts


def test_one_is_defined_once_and_described_anew() -> None:
    webhook = given_()
    take(webhook, webhook.define(THERE))
    with pytest.raises(WebhookExists):
        webhook.define(THERE)
    assert webhook.redefine(THERE) == []
    other = WebhookDefined(url="https://billing.example/other")
    assert webhook.redefine(other) == [other]


def test_paused_resumed_and_removed_each_once() -> None:
    webhook = given_(THERE)
    assert take(webhook, webhook.pause("a while")) == [WebhookPaused("a while")]
    assert webhook.pause("again") == []
    take(webhook, webhook.resume())
    assert webhook.condition is Condition.ACTIVE
    assert webhook.resume() == []
    take(webhook, webhook.remove(""))
    assert webhook.remove("") == []
    for change in (webhook.resume, lambda: webhook.pause(""), lambda: webhook.rotate(NOON)):
        with pytest.raises(WebhookUnknown):
            change()


def test_nobody_s_webhook_is_unknown() -> None:
    for change in (given_().resume, lambda: given_().remove(""), lambda: given_().redefine(THERE)):
        with pytest.raises(WebhookUnknown):
            change()


def test_what_somebody_paused_is_not_disabled_by_the_job() -> None:
    webhook = given_(THERE)
    assert webhook.disable(NOON, "HTTP 500") == [WebhookDisabled(failing_since=NOON, why="HTTP 500")]
    take(webhook, webhook.pause(""))
    assert webhook.disable(NOON, "HTTP 500") == []


def test_a_new_secret_signs_beside_the_former_one_for_a_day() -> None:
    webhook = given_(THERE)
    assert webhook.secrets_in_use(NOON) == [1]
    (fact,) = take(webhook, webhook.rotate(NOON))
    assert fact == WebhookSecretRotated(generation=2, former_until=NOON + OVERLAP)
    assert webhook.secrets_in_use(NOON + OVERLAP - timedelta(seconds=1)) == [2, 1]
    assert webhook.secrets_in_use(NOON + OVERLAP) == [2]


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/",
        "ftp://a.example/",
        "https://",
        "https://user:pass@a.example/",
        "https://a.example/#x",
        "https://a.example/a b",
        "https://a.example\\@b.example/",
        "https://a.example:99999/",
        "https://[::1/",
        "https://a.example/\r\nX: y",
        "javascript:alert(1)",
        "",
        "https://a.example/" + "x" * 1000,
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_a_reason(url: str) -> None:
    assert why_unusable(url, private=False)
    with pytest.raises(WebhookImpossible):
        given_().define(WebhookDefined(url=url))


@given(st.text())
def test_any_text_is_judged(url: str) -> None:
    why = why_unusable(url, private=True)
    assert why == "" or why.endswith(".")
    if not why:
        assert url.isascii()
        assert "\r" not in url
        assert "\n" not in url
