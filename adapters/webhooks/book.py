"""How far the deliveries of each webhook have come, and how they went: the tables `fleet.webhooks` and `…_deliveries`.

A database that is away is waited for by whoever asks. The connection is the one that holds the runner's lock: who lost
it must not write any more.
"""

from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row

from adapters.live.places import Place

KEPT = 100
"""Deliveries of each webhook that are remembered."""

_STATES = """
    SELECT originator_id, max(originator_version) FROM eventstore.stored_events
    WHERE originator_id >= 'webhook/' AND originator_id < 'webhook0' GROUP BY originator_id
"""
_FIRST = """
    SELECT notification_id FROM eventstore.stored_events WHERE originator_id = %s AND originator_version = 1
"""
_BEGIN = """
    INSERT INTO fleet.webhooks (stream, tenant, position, part) VALUES (%s, %s, %s, %s)
    ON CONFLICT (stream) DO NOTHING
"""
_READ = """
    SELECT stream, position, part, pending_position, pending_part, failures, failing_since, next_try_at
    FROM fleet.webhooks WHERE stream = %s
"""
_AIM = "UPDATE fleet.webhooks SET pending_position = %s, pending_part = %s WHERE stream = %s"
_REACHED = """
    UPDATE fleet.webhooks SET position = %s, part = %s, reached_at = clock_timestamp() WHERE stream = %s
"""
_SUCCESS = """
    UPDATE fleet.webhooks SET position = %s, part = %s, pending_position = NULL, pending_part = NULL,
        failures = 0, failing_since = NULL, next_try_at = NULL, last_try_at = %s, last_success_at = %s,
        last_status = %s, last_error = NULL, delivered = delivered + %s, reached_at = %s
    WHERE stream = %s
"""
_FAILURE = """
    UPDATE fleet.webhooks SET failures = failures + 1, failing_since = coalesce(failing_since, %s),
        next_try_at = %s, last_try_at = %s, last_status = %s, last_error = %s
    WHERE stream = %s
"""
_LOG = """
    INSERT INTO fleet.webhook_deliveries
        (stream, delivery, tried_at, attempt, messages, size_bytes, took_ms, status, error)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_FORGET = """
    DELETE FROM fleet.webhook_deliveries WHERE stream = %s AND n <= (
        SELECT n FROM fleet.webhook_deliveries WHERE stream = %s ORDER BY n DESC OFFSET %s LIMIT 1)
"""


class Progress(msgspec.Struct, kw_only=True):
    """Of one webhook."""

    stream: str
    position: int
    part: int
    pending_position: int | None
    pending_part: int | None
    failures: int
    failing_since: datetime | None
    next_try_at: datetime | None

    @property
    def place(self) -> Place:
        """Everything up to here was taken."""
        return Place(self.position, self.part)

    @property
    def pending(self) -> Place | None:
        """The end of the batch that was under way."""
        if self.pending_position is None or self.pending_part is None:
            return None
        return Place(self.pending_position, self.pending_part)


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that was tried."""

    delivery: str
    at: datetime
    attempt: int
    messages: int
    size_bytes: int
    took_ms: int
    status: int | None = None
    error: str | None = None


class Book:
    """Reads and writes; for one thread."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        """In autocommit."""
        self._connection = connection

    def versions(self) -> dict[str, int]:
        """Stream → version, of all webhooks there ever were."""
        return dict(self._connection.execute(_STATES).fetchall())

    def begin(self, stream: str, *, from_beginning: bool) -> Progress:
        """The progress of a webhook; a new one begins where it was defined, or before all."""
        found = self._read(stream)
        if found is None:
            row = self._connection.execute(_FIRST, [stream]).fetchone()
            position = 0 if from_beginning or row is None else int(row[0])
            place = Place(position)
            self._connection.execute(_BEGIN, [stream, stream.split("/")[1], *place])
            found = self._read(stream)
        if found is None:
            raise LookupError(stream)
        return found

    def aim(self, stream: str, upto: Place) -> None:
        """A batch up to here is about to leave."""
        self._connection.execute(_AIM, [*upto, stream])

    def reached(self, stream: str, place: Place) -> None:
        """Up to here nothing was wanted."""
        self._connection.execute(_REACHED, [*place, stream])

    def success(self, stream: str, upto: Place, tried: Try) -> None:
        """It was taken."""
        with self._connection.transaction():
            values = [*upto, tried.at, tried.at, tried.status, tried.messages, tried.at, stream]
            self._connection.execute(_SUCCESS, values)
            self._note(stream, tried)

    def failure(self, stream: str, tried: Try, next_try_at: datetime) -> None:
        """It was not; it is tried again then."""
        with self._connection.transaction():
            values = [tried.at, next_try_at, tried.at, tried.status, tried.error, stream]
            self._connection.execute(_FAILURE, values)
            self._note(stream, tried)

    def _note(self, stream: str, tried: Try) -> None:
        columns = msgspec.structs.astuple(tried)
        self._connection.execute(_LOG, [stream, *columns])
        if tried.messages:
            self._connection.execute(_FORGET, [stream, stream, KEPT])

    def _read(self, stream: str) -> Progress | None:
        with self._connection.cursor(row_factory=class_row(Progress)) as cursor:
            return cursor.execute(_READ, [stream]).fetchone()
