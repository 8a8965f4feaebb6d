"""Retention: the read models that grow with time lose what is older than the settings say."""

import logging
from datetime import timedelta

import psycopg

from application import clock
from entrypoints.settings import Settings
from projections.message_log.projection import retain as retain_messages
from projections.meter_samples.storage import retain as retain_samples

log = logging.getLogger("zeus.retention")

EVERY_H = 1


def prune(database_url: str, settings: Settings) -> None:
    """Drop expired partitions; harmless when repeated, and when two do it the second finds nothing.

    The event log is never pruned: what is dropped here is brought back by a rebuild, within the same bounds.
    """
    now = clock.now()
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=5) as connection:
            messages = retain_messages(connection, now - timedelta(days=settings.message_retention_days))
            samples = retain_samples(connection, now - timedelta(days=settings.sample_retention_days))
    except (psycopg.Error, LookupError) as error:  # the next run will do it; LookupError: no tables yet
        log.warning("retention did not run, trying again in %d h: %s", EVERY_H, error)
        return
    if messages or samples:
        log.info("dropped %d partitions of messages and %d of samples as expired", messages, samples)
