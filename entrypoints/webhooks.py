"""Webhooks put together, for the process that delivers them and for those that ask."""

from datetime import timedelta

from adapters.eventstore.store import open_store
from adapters.live.streams import LiveStreams
from adapters.privacy.opening import decoding
from adapters.webhooks.runner import Open, Runner
from adapters.webhooks.sender import Sender
from application.tenants import Directory
from application.webhooks import WebhookSecrets
from domain.catalogue import FACTS
from entrypoints.database import Addresses, secret_of
from entrypoints.settings import Settings


def open_webhooks(at: Addresses, settings: Settings) -> Runner:
    """What delivers; connects to nothing before it runs."""
    secret = secret_of(settings)

    def parts() -> Open:
        store = open_store(at.gateway, FACTS)
        live = LiveStreams(at.engine, decoding(FACTS), secret)
        return Open(store, live, Directory(store, settings.tenant))

    patience = timedelta(days=settings.webhook_patience_days)
    return Runner(at.engine, parts, sender_of(settings), WebhookSecrets(secret), patience=patience)


def sender_of(settings: Settings) -> Sender:
    """What posts, within the bounds of the settings."""
    return Sender(private=settings.webhooks_private, timeout_s=settings.webhook_timeout_s)
