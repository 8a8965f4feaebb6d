"""The log as files: the very bytes, the same files each time, and read models made of them as of the log."""

import gzip
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.eventstore import schema
from adapters.exports import archive as archiving
from adapters.exports.archive import ArchiveManifest, Part, archive, line_of
from adapters.exports.archived_log import ArchivedLog
from adapters.exports.folder import damage, read_manifest
from domain.chargers.events import HeartbeatReceived, StatusReported
from projections.catalogue import READ_MODELS
from projections.engine import connect_projector
from projections.log import PostgresLog
from projections.positions import ensure_positions
from projections.read_model import LogItem, Unreadable
from projections.rebuild import LogEndsEarlier, rebuild
from tests.projections.stories import START, Fleet, Log, decode, project, stream, told
from tests.projections.test_rebuild_is_live import contents


def write(dsn: str, out: Path, part: Part | None = None) -> ArchiveManifest:
    manifest, _ = archive(dsn, out, part or Part(), "1.2.3", lambda _: None)
    assert read_manifest(out, ArchiveManifest) == manifest
    assert damage(out, manifest.files()) == []
    return manifest


@pytest.fixture(scope="module")
def dsn(module_postgres_dsn: str) -> str:
    fleet = Fleet(Log(module_postgres_dsn), 3, 9)
    fleet.log.append(fleet.arrive())
    fleet.log.append(fleet.live(900))
    fleet.log.tell(("charger/other/CP1", HeartbeatReceived(), told()))
    project(module_postgres_dsn)
    return module_postgres_dsn


@pytest.fixture(scope="module")
def folder(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archiving, "SEGMENT", 100)
        assert len(write(dsn, out).segments) > 9
    return out


def test_lines_are_the_rows_of_the_store(dsn: str, folder: Path) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        stored: list[Any] = connection.execute(
            "SELECT notification_id, originator_id, originator_version, topic, "
            "recorded_at, state FROM eventstore.stored_events ORDER BY notification_id"
        ).fetchall()
    lines = [
        json.loads(line)
        for path in sorted(folder.glob("*.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    assert len(lines) == len(stored)
    for line, (position, path, version, topic, at, state) in zip(lines, stored, strict=True):
        assert (line["position"], line["stream"], line["version"], line["topic"]) == (
            position,
            path,
            version,
            topic,
        )
        assert line["state"].encode() == state
        assert line["recorded_at"] == at.isoformat().replace("+00:00", "Z")


def test_the_same_log_gives_the_same_bytes(dsn: str, tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        write(dsn, tmp_path / name)
        found.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert found[0] == found[1]
    assert len(found[0]) == 2


def readings(log: Any, limit: int, topics: frozenset[str] | None) -> list[LogItem]:
    """Everything, batch by batch."""
    items, position, head = [], 0, log.head()
    while position < head:
        batch = log.read(position, head, limit, topics)
        items += batch
        position = batch[-1].position if len(batch) == limit else head
    return items


@pytest.mark.parametrize("limit", [1, 7, 100, 5000])
@pytest.mark.parametrize("topics", [None, frozenset((StatusReported.TOPIC,)), frozenset(("none",))])
def test_it_is_read_as_the_log_is(dsn: str, folder: Path, limit: int, topics: frozenset[str] | None) -> None:
    live, archived = (
        PostgresLog(dsn, decode),
        ArchivedLog(folder, read_manifest(folder, ArchiveManifest), decode),
    )
    assert archived.head() == live.head()
    assert readings(archived, limit, topics) == readings(live, limit, topics)
    for after, upto in ((500, 560), (99, 101), (100, 100), (40, 700), (0, 1), (700, 10**9), (10**9, 10**9)):
        assert archived.read(after, upto, limit, topics) == live.read(after, upto, limit, topics)
    live.close()
    archived.close()
    assert archived.read(0, 3, 5) == live.read(0, 3, 5)
    live.close()


def test_rebuilt_from_the_archive_is_live(dsn: str, folder: Path, empty_postgres_dsn: str) -> None:
    schema.create(empty_postgres_dsn)
    log = ArchivedLog(folder, read_manifest(folder, ArchiveManifest), decode)
    sums = []
    for target, source in ((empty_postgres_dsn, log), (dsn, log)):
        with connect_projector(target) as connection:
            ensure_positions(connection)
            results = [
                rebuild(connection, source, model, lambda _: None, verify=True, batch=333)
                for model in READ_MODELS
            ]
        sums.append([result.checksum for result in results])
    assert sums[0] == sums[1]
    assert all(table.same for result in results for table in result.tables)
    assert sum(len(result.tables) for result in results) > len(READ_MODELS)
    assert contents(empty_postgres_dsn) == contents(dsn)
    assert all(contents(dsn).values())


def test_live_rows_that_know_more_stay(postgres_dsn: str, tmp_path: Path) -> None:
    log = Log(postgres_dsn)
    log.tell((stream(), HeartbeatReceived(), told()))
    manifest = write(postgres_dsn, tmp_path)
    log.tell((stream(), HeartbeatReceived(), told(1)))
    project(postgres_dsn)
    before = contents(postgres_dsn)
    with connect_projector(postgres_dsn) as connection, pytest.raises(LogEndsEarlier):
        rebuild(connection, ArchivedLog(tmp_path, manifest, decode), READ_MODELS[0], lambda _: None)
    assert contents(postgres_dsn) == before


def test_parts_say_that_they_are_parts(dsn: str, tmp_path: Path) -> None:
    whole = write(dsn, tmp_path / "whole")
    other = write(dsn, tmp_path / "other", Part(tenant="other"))
    assert (whole.complete, other.complete) == (True, False)
    assert (other.events, other.head) == (1, whole.head)
    before = write(dsn, tmp_path / "before", Part(end=START))
    assert (before.events, before.segments, before.complete) == (0, [], False)
    assert ArchivedLog(tmp_path / "before", before, decode).read(0, before.head, 10) == []


def test_bytes_that_are_no_text_are_kept(postgres_dsn: str, tmp_path: Path) -> None:
    line = line_of((1, "s", 1, "t", START, b"\xff\x00"))
    assert (line.state, line.state_base64) == ("", "/wA=")
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(
            "SELECT eventstore.append_stored_events("
            "ARRAY['charger/a/b'], ARRAY[1::bigint], ARRAY['x'], ARRAY[%s::bytea])",
            [b"\xff\x00"],
        )
    seen = []

    def note(topic: str, state: bytes, path: str, version: int) -> Any:
        seen.append(state)
        return decode(topic, state, path, version)

    (item,) = ArchivedLog(tmp_path, write(postgres_dsn, tmp_path), note).read(0, 9, 9)
    assert isinstance(item, Unreadable)
    assert seen == [b"\xff\x00"]
