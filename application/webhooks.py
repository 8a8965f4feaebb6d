"""Webhooks: made, changed, paused, resumed and removed by people, disabled by the job that delivers."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime

from application import clock
from application.ports import EventStore, VersionConflict
from domain.event import Fact, Told, events_of
from domain.webhooks.events import WebhookDefined
from domain.webhooks.webhook import Webhook, WebhookUnknown, is_webhook_id, webhook_stream

ATTEMPTS = 8
JOB = "job:webhooks"


class Webhooks:
    """Those of one tenant."""

    def __init__(
        self, store: EventStore, tenant: str, actor: str, cause: str = "", *, private: bool = False
    ) -> None:
        """`cause` is the request behind what is written; `private`: addresses of one's own networks, and plain HTTP,
        will do.
        """
        self._store = store
        self._tenant = tenant
        self._actor, self._cause = actor, cause
        self._private = private

    async def define(self, wanted: WebhookDefined, webhook_id: str = "") -> str:
        """The id of a new one. Raises WebhookImpossible, WebhookExists."""
        webhook_id = webhook_id or clock.time_ordered_id()
        await self._change(webhook_id, lambda one: one.define(wanted, private=self._private))
        return webhook_id

    async def redefine(
        self, webhook_id: str, change: Callable[[WebhookDefined], WebhookDefined]
    ) -> WebhookDefined:
        """What it is now. Raises WebhookUnknown, WebhookImpossible."""

        def decide(one: Webhook) -> list[Fact]:
            if one.defined is None:
                raise WebhookUnknown
            return one.redefine(change(one.defined), private=self._private)

        changed = await self._change(webhook_id, decide)
        if changed.defined is None:
            raise WebhookUnknown
        return changed.defined

    async def rotate(self, webhook_id: str) -> Webhook:
        """Its state with the new secret's number. Raises WebhookUnknown."""
        return await self._change(webhook_id, lambda one: one.rotate(clock.now()))

    async def pause(self, webhook_id: str, reason: str = "") -> None:
        """Raises WebhookUnknown."""
        await self._change(webhook_id, lambda one: one.pause(reason))

    async def resume(self, webhook_id: str) -> None:
        """Raises WebhookUnknown."""
        await self._change(webhook_id, lambda one: one.resume())

    async def remove(self, webhook_id: str, reason: str = "") -> None:
        """Raises WebhookUnknown."""
        await self._change(webhook_id, lambda one: one.remove(reason))

    async def disable(self, webhook_id: str, failing_since: datetime, why: str) -> None:
        """Nobody takes what is delivered."""
        await self._change(webhook_id, lambda one: one.disable(failing_since, why))

    async def load(self, webhook_id: str) -> Webhook:
        """The state of one. Raises WebhookUnknown."""
        if not is_webhook_id(webhook_id):
            raise WebhookUnknown(webhook_id[:40])
        one = Webhook(webhook_stream(self._tenant, webhook_id))
        for event in await self._store.read(one.stream):
            one.when(event)
        return one

    async def _change(self, webhook_id: str, decide: Callable[[Webhook], list[Fact]]) -> Webhook:
        for _ in range(ATTEMPTS):
            one = await self.load(webhook_id)
            told = Told(recorded_at=clock.now(), actor=self._actor, cause=self._cause)
            events = events_of(one.stream, one.version, decide(one), told)
            try:
                if events:
                    await self._store.append(events)
            except VersionConflict:
                continue
            for event in events:
                one.when(event)
            return one
        raise VersionConflict(webhook_stream(self._tenant, webhook_id))


class WebhookSecrets:
    """Secrets that are kept nowhere: made of the installation's own, the webhook's stream and a number."""

    def __init__(self, secret: bytes) -> None:
        """`secret` must be the same for all processes of an installation, and outlast restarts."""
        self._key = hashlib.sha256(b"zeus webhook secrets\0" + secret).digest()

    def secret(self, stream: str, generation: int) -> str:
        """`whsec_` and 43 signs."""
        raw = hmac.digest(self._key, f"{stream}\0{generation}".encode(), "sha256")
        return "whsec_" + urlsafe_b64encode(raw).decode().rstrip("=")

    def signature(self, webhook: Webhook, body: bytes, now: datetime) -> str:
        """`t=<unix seconds>,v1=<hex>`, one `v1` for each secret in use: HMAC-SHA256 over `<t>.<body>`."""
        seconds = int(now.timestamp())
        signed = f"{seconds}.".encode() + body
        marks = [
            hmac.new(self.secret(webhook.stream, number).encode(), signed, "sha256").hexdigest()
            for number in webhook.secrets_in_use(now)
        ]
        return ",".join((f"t={seconds}", *(f"v1={mark}" for mark in marks)))
