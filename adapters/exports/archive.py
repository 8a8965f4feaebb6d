"""The log as files: what is stored, row by row and byte for byte, in compressed lines that any program can read.

Each line is an object with the event as the store has it. Its state is a text, for it is one; nothing of it is decoded
on the way, so what is sealed stays sealed and what was ever stored can be archived.
"""

import base64
import gzip
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal

import msgspec
import psycopg
from psycopg.sql import SQL, Identifier

from adapters.eventstore import schema
from adapters.exports.folder import FileRecord, empty_folder, record, write_manifest
from projections.row_security import CROSS

SEGMENT = 100_000
"""Events a file."""
FORMAT_VERSION = 1
_LEVEL = 6

_ROWS = SQL("""
    SELECT notification_id, originator_id, originator_version, topic, recorded_at, state FROM {events}
     WHERE (%(begin)s::timestamptz IS NULL OR recorded_at >= %(begin)s)
       AND (%(end)s::timestamptz IS NULL OR recorded_at < %(end)s)
       AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s)
     ORDER BY notification_id
""").format(events=Identifier(schema.SCHEMA, schema.EVENTS))
_HEAD = SQL("SELECT coalesce(max(notification_id), 0) FROM {}").format(
    Identifier(schema.SCHEMA, schema.EVENTS)
)

Row = tuple[int, str, int, str, datetime, bytes]


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event as it is stored."""

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: datetime
    state: str = ""
    state_base64: str = ""
    """In the place of `state`, where that is no UTF-8."""


class Part(msgspec.Struct, frozen=True):
    """What is archived: what was stored at or after `begin` and before `end`, of one tenant or of all."""

    begin: datetime | None = None
    end: datetime | None = None
    tenant: str | None = None


class SegmentRecord(FileRecord, frozen=True):
    """A file and its first and last event."""

    first: int
    last: int
    last_sha256: str
    """Of the last event's state, which tells logs apart."""


class ArchiveManifest(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}, kw_only=True):
    """What an archive is."""

    format: Literal["zeus archive"] = "zeus archive"
    format_version: int
    code_version: str
    begin: datetime | None
    end: datetime | None
    tenant: str | None
    head: int
    """The last event that was looked at: up to there nothing is missing, other tenants' and times' apart."""
    events: int
    segments: list[SegmentRecord]

    @property
    def complete(self) -> bool:
        """Whether it is the whole log up to its head."""
        return self.begin is None and self.end is None and self.tenant is None

    def files(self) -> list[SegmentRecord]:
        """All files."""
        return self.segments


class ArchiveProgress(msgspec.Struct, frozen=True):
    """How far an archive is."""

    position: int
    head: int
    events_per_s: float


def archive(
    dsn: str, out: Path, part: Part, code_version: str, on_progress: Callable[[ArchiveProgress], None]
) -> tuple[ArchiveManifest, str]:
    """Write a part of the log into the folder `out`; the manifest and its SHA-256. Raises FolderNotEmpty."""
    empty_folder(out)
    segments: list[SegmentRecord] = []
    with closing(psycopg.connect(dsn, application_name="zeus archive")) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(CROSS)
        found = connection.execute(_HEAD).fetchone()
        head, began = int(found[0]) if found else 0, time.monotonic()
        rows = _rows(connection, part)
        for row in rows:
            segments.append(_segment(out, chain((row,), islice(rows, SEGMENT - 1))))
            events = sum(one.rows for one in segments)
            on_progress(
                ArchiveProgress(segments[-1].last, head, events / max(time.monotonic() - began, 1e-6))
            )
    manifest = ArchiveManifest(
        format_version=FORMAT_VERSION,
        code_version=code_version,
        begin=part.begin,
        end=part.end,
        tenant=part.tenant,
        head=head,
        events=sum(one.rows for one in segments),
        segments=segments,
    )
    return manifest, write_manifest(out, manifest)


def _rows(connection: psycopg.Connection[Any], part: Part) -> Iterator[Row]:
    connection.execute("SET timezone = 'UTC'; SET cursor_tuple_fraction = 1")
    with connection.cursor(name="archive") as cursor:
        cursor.itersize = 2000
        cursor.execute(_ROWS, msgspec.structs.asdict(part), binary=True)
        yield from cursor


def _segment(out: Path, rows: Iterable[Row]) -> SegmentRecord:
    """One file, under the position of its first event; the same rows give the same bytes."""
    encode, count, first, last = msgspec.json.Encoder().encode, 0, 0, (0, b"")
    new = out / "segment.new"
    with new.open("wb") as file, gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
        for row in rows:
            first, last = first or row[0], (row[0], row[-1])
            packed.write(encode(line_of(row)) + b"\n")
            count += 1
    told = record(out, new.rename(out / f"events-{first:016}.jsonl.gz"), count)
    sha256 = hashlib.sha256(last[1]).hexdigest()
    return SegmentRecord(told.path, told.rows, told.bytes, told.sha256, first, last[0], sha256)


def line_of(row: Row) -> Line:
    """A row of the log as a line."""
    position, stream, version, topic, recorded_at, state = row
    try:
        text, coded = state.decode(), ""
    except UnicodeDecodeError:
        text, coded = "", base64.b64encode(state).decode()
    return Line(position, stream, version, topic, recorded_at, text, coded)
