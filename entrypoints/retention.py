"""Retention: the read models that grow with time lose what is older than the settings say."""

import logging
from datetime import datetime, timedelta

import psycopg

from entrypoints.settings import Settings
from projections.message_log.projection import retain as retain_messages
from projections.meter_samples.storage import retain as retain_samples

log = logging.getLogger("zeus.retention")


def prune(database_url: str, settings: Settings, now: datetime) -> int:
    """Drop expired partitions; returns how many. Harmless when repeated, and when two do it the second finds nothing.

    The event log is never pruned: what is dropped here is brought back by a rebuild, within the same bounds.
    Where the tables are not made yet there is nothing to drop. Raises psycopg.Error.
    """
    with psycopg.connect(database_url, autocommit=True, connect_timeout=5) as connection:
        try:
            messages = retain_messages(connection, now - timedelta(days=settings.message_retention_days))
            samples = retain_samples(connection, now - timedelta(days=settings.sample_retention_days))
        except LookupError:
            return 0
    if messages or samples:
        log.info("dropped %d partitions of messages and %d of samples as expired", messages, samples)
    return messages + samples
