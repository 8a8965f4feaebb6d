"""Datasets → Parquet, partitioned by tenant and date: the same range gives the same bytes.

Everything is read in one REPEATABLE READ transaction, each dataset by one statement in the order in which it is
written; Postgres sorts, on disk where it has to, so that here no more than one row group is held.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import msgspec
import psycopg

from adapters.exports.columns import Column, Kind, arrow, schema_of, table_of, type_name
from adapters.exports.datasets import LOG, SCHEMA_VERSION, Dataset
from adapters.exports.folder import FileRecord, empty_folder, record, write_manifest
from adapters.exports.tokens import Pseudonyms
from projections.row_security import CROSS

ROW_GROUP = 1 << 16
_WRITER: Mapping[str, Any] = {
    "version": "2.6",
    "data_page_version": "1.0",
    "compression": "zstd",
    "compression_level": 3,
    "write_statistics": True,
}
_SETTINGS = (
    "SET timezone = 'UTC'; SET search_path = public; SET work_mem = '64MB'; SET cursor_tuple_fraction = 1; "
    "SET jit = off"
)


class NoSuchReadModel(RuntimeError):
    """A read model that a dataset is made of was never built: start `zeus serve` once, or rebuild it."""


class Span(msgspec.Struct, frozen=True):
    """What to export: at or after `begin`, before `end`, of one tenant or of all."""

    begin: datetime | None
    end: datetime
    tenant: str | None


class Progress(msgspec.Struct, frozen=True):
    """How far an export is."""

    dataset: str
    rows: int
    day: date
    """The date whose rows are being written; they come in order."""
    rows_per_s: float


class ColumnRecord(msgspec.Struct, frozen=True):
    """A line of the data dictionary."""

    name: str
    type: str
    unit: str
    meaning: str


class Source(msgspec.Struct, frozen=True):
    """What a dataset was read from, and how far that stood in the log."""

    read_model: str
    version: int
    position: int
    state: str


class DatasetRecord(msgspec.Struct, frozen=True):
    """A dataset as it was exported."""

    name: str
    meaning: str
    sources: list[Source]
    rows: int
    columns: list[ColumnRecord]
    files: list[FileRecord]


class Manifest(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}, kw_only=True):
    """What an export is: nothing in it depends on when or where it was made."""

    format: Literal["zeus export"] = "zeus export"
    schema_version: int
    code_version: str
    writer: str
    begin: datetime | None
    end: datetime
    tenant: str | None
    log_position: int
    """The newest event there was."""
    datasets: list[DatasetRecord]

    def files(self) -> list[FileRecord]:
        """All files."""
        return [file for one in self.datasets for file in one.files]


def export(
    dsn: str,
    out: Path,
    datasets: Sequence[Dataset],
    span: Span,
    pseudonyms: Pseudonyms,
    code_version: str,
    on_progress: Callable[[Progress], None],
) -> tuple[Manifest, str]:
    """Write the datasets into the folder `out`; the manifest and its SHA-256.

    Raises AnalysisNotInstalled, FolderNotEmpty, NoSuchReadModel.
    """
    pa = arrow()
    empty_folder(out)
    with closing(psycopg.connect(dsn, application_name="zeus export")) as connection:
        connection.execute(_SETTINGS)
        connection.commit()
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(CROSS)
        head, standings = _standings(connection)
        if missing := sorted({name for one in datasets for name in one.read_models} - standings.keys()):
            raise NoSuchReadModel(", ".join(missing))
        records = [
            _write(
                connection,
                out,
                one,
                span,
                pseudonyms,
                [standings[name] for name in one.read_models],
                on_progress,
            )
            for one in datasets
        ]
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        code_version=code_version,
        writer=f"pyarrow {pa.__version__}",
        begin=span.begin,
        end=span.end,
        tenant=span.tenant,
        log_position=head,
        datasets=records,
    )
    return manifest, write_manifest(out, manifest)


def _standings(connection: psycopg.Connection[Any]) -> tuple[int, dict[str, Source]]:
    """The head of the log and where each read model stands, as this transaction sees them."""
    row = connection.execute(
        "SELECT coalesce(max(notification_id), 0) FROM eventstore.stored_events"
    ).fetchone()
    head = int(row[0]) if row else 0
    standings = {LOG: Source(LOG, 0, head, "running")}
    found = connection.execute("SELECT to_regclass('public.zeus_read_models') IS NOT NULL").fetchone()
    if found and found[0]:
        rows: list[Any] = connection.execute(
            "SELECT name, version, position, state FROM zeus_read_models WHERE place = 'live' AND position >= 0"
        ).fetchall()
        standings |= {name: Source(name, *rest) for name, *rest in rows}
    return head, standings


def _write(
    connection: psycopg.Connection[Any],
    out: Path,
    dataset: Dataset,
    span: Span,
    pseudonyms: Pseudonyms,
    sources: list[Source],
    on_progress: Callable[[Progress], None],
) -> DatasetRecord:
    files, rows, began = [], 0, time.monotonic()
    about = {"dataset": dataset.name, "schema_version": str(SCHEMA_VERSION)}
    schema = schema_of(dataset.columns, about)
    for (day, tenant), found in groupby(_rows(connection, dataset, span), key=itemgetter(0, 1)):
        path = out / dataset.name / f"tenant={quote(tenant, safe='')}" / f"date={day}" / "part-0.parquet"
        path.parent.mkdir(parents=True)
        count = 0
        with arrow().parquet.ParquetWriter(path, schema, **_WRITER) as writer:
            while group := [row[2:] for row in islice(found, ROW_GROUP)]:
                named = _named(dataset.columns, group, tenant, pseudonyms)
                writer.write_table(table_of(dataset.columns, schema, named), row_group_size=ROW_GROUP)
                count += len(group)
                per_s = (rows + count) / max(time.monotonic() - began, 1e-6)
                on_progress(Progress(dataset.name, rows + count, day, per_s))
        files.append(record(out, path, count))
        rows += count
    columns = [ColumnRecord(c.name, type_name(c.kind), c.unit, c.meaning) for c in dataset.columns]
    return DatasetRecord(dataset.name, dataset.meaning, sources, rows, columns, files)


def _rows(connection: psycopg.Connection[Any], dataset: Dataset, span: Span) -> Iterator[tuple[Any, ...]]:
    """(date, tenant, columns…), by date, tenant and the dataset's order."""
    with connection.cursor(name="export") as cursor:
        cursor.itersize = 10_000
        cursor.execute(statement(dataset).encode(), msgspec.structs.asdict(span), binary=True)
        yield from cursor


def statement(dataset: Dataset) -> str:
    """The SQL of a dataset; every part of it stands in adapters/exports/datasets.py."""
    columns = ", ".join(f"{one.sql or one.name} AS {one.name}" for one in dataset.columns)
    return (
        f"SELECT ({dataset.at} AT TIME ZONE 'UTC')::date AS day, tenant, {columns} FROM {dataset.source} "  # noqa: S608
        f"WHERE (%(begin)s::timestamptz IS NULL OR {dataset.at} >= %(begin)s) AND {dataset.at} < %(end)s "
        f"AND (%(tenant)s::text IS NULL OR tenant = %(tenant)s) "
        f'ORDER BY 1, tenant COLLATE "C", {", ".join(_ordered(dataset))}'
    )


def _ordered(dataset: Dataset) -> Iterator[str]:
    """Texts compare as bytes, whatever the database's locale is."""
    texts = {one.name for one in dataset.columns if one.kind is Kind.TEXT}
    return (f'{name} COLLATE "C"' if name in texts else name for name in dataset.order)


def _named(
    columns: Sequence[Column], rows: list[tuple[Any, ...]], tenant: str, pseudonyms: Pseudonyms
) -> Sequence[Sequence[Any]]:
    """The rows with pseudonyms in the place of tokens."""
    places = [n for n, one in enumerate(columns) if one.kind is Kind.TOKEN]
    if not places:
        return rows
    names = pseudonyms.of(tenant, {row[n] for row in rows for n in places if row[n]})
    changed = [list(row) for row in rows]
    for row in changed:
        for n in places:
            row[n] = names.get(row[n]) if row[n] else None
    return changed
