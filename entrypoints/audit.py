"""Tamper evidence of this installation, as its settings say: its keys, its checkpoints, the job that makes them."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg

from adapters.audit.audited_log import PostgresAuditedLog
from adapters.audit.publishing import DirectoryPlace, WebhookPlace
from adapters.audit.signing import KeyFiles, SigningKey, SigningKeyWrong, make_key, read_signing_key
from adapters.audit.tiles import TileMissing, TreeBehind
from adapters.eventstore.store import open_store
from application import clock
from application.audit import JOB, Checkpoints, LogRewritten, NoSigningKey, Place
from application.ports import EventStore, EventStoreError
from domain.catalogue import FACTS
from entrypoints.database import data_home
from entrypoints.settings import Settings

log = logging.getLogger("zeus.audit")

LOOK_EVERY_S = 30.0
PASSING = (EventStoreError, psycopg.Error, NoSigningKey, SigningKeyWrong, TreeBehind, TileMissing, OSError)
"""Why a checkpoint may have to wait; the sealer goes on."""


def audit_home(settings: Settings) -> Path:
    """Where the keys are, and the checkpoints that nobody collects."""
    return data_home(settings) / "audit"


def key_files(settings: Settings) -> KeyFiles:
    """The signing keys in the data directory."""
    return KeyFiles(audit_home(settings) / "keys")


def signing_keys(settings: Settings, *, make: bool = False) -> list[SigningKey]:
    """The key of the settings, or those of the data directory; with `make` the first one is made.

    Raises SigningKeyWrong, OSError.
    """
    if settings.audit_key is not None:
        return [read_signing_key(settings.audit_key.get_secret_value())]
    files = key_files(settings)
    keys = files.keys()
    if not keys and make:
        files.add(make_key(settings.audit_origin))
        keys = files.keys()
    return keys


def places(settings: Settings) -> list[Place]:
    """Where checkpoints go."""
    found: list[Place] = [DirectoryPlace(settings.audit_publish_dir or audit_home(settings) / "checkpoints")]
    if settings.audit_publish_url:
        found.append(WebhookPlace(settings.audit_publish_url))
    return found


def open_checkpoints(url: str, settings: Settings, store: EventStore, *, make: bool = False) -> Checkpoints:
    """What makes checkpoints. Raises SigningKeyWrong, OSError."""
    signers = [key.signer for key in signing_keys(settings, make=make)]
    return Checkpoints(
        store, settings.tenant, PostgresAuditedLog(url, settings.tenant), signers, places(settings)
    )


def checkpointing(url: str, settings: Settings) -> Callable[[], None]:
    """What the sealer calls between two looks at the log: makes a checkpoint when one is due."""
    every = timedelta(minutes=settings.audit_checkpoint_min)
    next_look = clock.monotonic() + LOOK_EVERY_S

    def look() -> None:
        nonlocal next_look
        if clock.monotonic() < next_look:
            return
        next_look = clock.monotonic() + LOOK_EVERY_S
        try:
            asyncio.run(_publish(url, settings, every))
        except LogRewritten:
            log.critical("the log was changed below the last checkpoint: run zeus audit verify at once")
        except PASSING as error:
            log.warning("no checkpoint was made, trying again in %d s: %r", LOOK_EVERY_S, error)

    return look


async def _publish(url: str, settings: Settings, every: timedelta) -> None:
    store = open_store(url, FACTS)
    try:
        made = await open_checkpoints(url, settings, store, make=True).publish(JOB, every=every)
    finally:
        await store.close()
    if made is not None:
        log.info("checkpoint over %d events is at %s", made.size, ", ".join(made.published) or "no place")
        for words in made.failed:
            log.error("the checkpoint could not be given to %s", words)
