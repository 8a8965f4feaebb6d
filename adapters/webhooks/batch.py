"""What is posted: some messages in order, and the name of the delivery, which is the same however often it is tried."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from adapters.live.prepared import Control, Prepared
from application.webhooks import WebhookSecrets
from domain.webhooks.webhook import Webhook

MOST = 100
LARGEST_BYTES = 262_144
FIRST_PAUSE_S = 1
LONGEST_PAUSE_S = 3600
USER_AGENT = "Zeus-Webhooks/1"


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery."""

    delivery: str
    body: bytes
    messages: int


def batch_of(webhook: Webhook, messages: Sequence[Prepared | Control]) -> Batch:
    """The messages as they are posted; the same messages make the same delivery."""
    ids = "\0".join((webhook.stream, *(message.id or "" for message in messages)))
    delivery = hashlib.blake2s(ids.encode(), digest_size=16).hexdigest()
    _, tenant, name = webhook.stream.split("/", 2)
    head = msgspec.json.encode({"delivery": delivery, "webhook": name, "tenant": tenant})
    body = head[:-1] + b',"messages":[' + b",".join(message.body for message in messages) + b"]}"
    return Batch(delivery=delivery, body=body, messages=len(messages))


def headers_of(
    webhook: Webhook, batch: Batch, secrets: WebhookSecrets, attempt: int, now: datetime
) -> dict[str, str]:
    """The headers of one try."""
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "Zeus-Delivery": batch.delivery,
        "Zeus-Attempt": str(attempt),
        "Zeus-Signature": secrets.signature(webhook, batch.body, now),
    }


def pause_after(failures: int) -> timedelta:
    """1 s, 2 s, 4 s … up to an hour."""
    return timedelta(seconds=min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 12)))


def fitting(messages: Sequence[Prepared]) -> int:
    """How many of these, in order, go into one delivery; one at least."""
    size = 0
    for n, message in enumerate(messages[:MOST]):
        size += message.size
        if n and size > LARGEST_BYTES:
            return n
    return min(len(messages), MOST)
