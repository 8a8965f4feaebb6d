"""What is exported is what the read models hold, to the last Wh, in the same bytes each time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow
import pytest
from pyarrow import parquet as arrow_parquet

from adapters.eventstore.mapper import UPCASTERS
from adapters.exports import parquet
from adapters.exports.columns import Kind
from adapters.exports.datasets import DATASETS
from adapters.exports.folder import MANIFEST, FolderNotEmpty, damage, read_manifest, sha256_of
from adapters.exports.parquet import Manifest, NoSuchReadModel, Progress, Span, export
from adapters.exports.tokens import Pseudonyms
from adapters.postgres import vault_schema
from adapters.privacy.key_ring import KeyRing
from adapters.privacy.opening import open_subjects
from domain.chargers.events import StatusReported
from tests.adapters.exports.spring import ANN, BEGIN, EMPTY, END, PLAIN, TENANTS, live
from tests.projections.stories import Fleet, Log, project

RING = KeyRing({1: b"k" * 32})
WITHIN = "'2026-03-28 00:00Z' AND {0} < '2026-04-02 00:00Z'"


@pytest.fixture(scope="module")
def dsn(module_postgres_dsn: str) -> str:
    live(Log(module_postgres_dsn))
    project(module_postgres_dsn)
    vault_schema.create(module_postgres_dsn)
    return module_postgres_dsn


@pytest.fixture(scope="module")
def pseudonyms(dsn: str) -> Iterator[Pseudonyms]:
    subjects = open_subjects(dsn, RING)
    yield Pseudonyms(RING, subjects)
    subjects.close()


@pytest.fixture(scope="module")
def folder(dsn: str, pseudonyms: Pseudonyms, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export")
    run(dsn, out, pseudonyms)
    return out


def run(
    dsn: str, out: Path, pseudonyms: Pseudonyms, span: Span | None = None
) -> tuple[Manifest, list[Progress]]:
    seen: list[Progress] = []
    manifest, sha256 = export(
        dsn, out, DATASETS, span or Span(BEGIN, END, None), pseudonyms, "1.2.3", seen.append
    )
    assert sha256 == sha256_of(out / MANIFEST)
    return manifest, seen


def duck(folder: Path, query: str) -> list[Any]:
    """Rows of a query in which each dataset's name stands for its files."""
    connection = duckdb.connect()
    connection.execute("SET timezone = 'UTC'")
    for one in DATASETS:
        files = folder / one.name / "**/*.parquet"
        connection.execute(f"CREATE VIEW {one.name} AS SELECT * FROM '{files}'")  # noqa: S608
    return connection.execute(query).fetchall()


def sql(dsn: str, query: str) -> list[Any]:
    with psycopg.connect(dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        return connection.execute(query.encode()).fetchall()


def test_sums_are_those_of_the_read_models(dsn: str, folder: Path) -> None:
    columns = "tenant, charger, {day}, count(*), count(energy_wh), sum(energy_wh), sum(meter_stop_wh - meter_start_wh)"
    exported = duck(
        folder,
        f"SELECT {columns.format(day='date')} FROM sessions GROUP BY ALL ORDER BY ALL",  # noqa: S608
    )
    live_rows = sql(
        dsn,
        f"SELECT {columns.format(day='listed_at::date')} FROM ocpp_sessions "  # noqa: S608
        f"WHERE listed_at >= {WITHIN.format('listed_at')} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    )
    assert exported == live_rows
    assert len(exported) == 2 * 3 * 4
    assert {row[3:] for row in exported} == {(2, 1, 7200, Decimal(7200))}, (
        "one of the two has no known energy"
    )


def test_samples_and_commands_are_those_of_the_read_models(dsn: str, folder: Path) -> None:
    exported = duck(
        folder,
        "SELECT tenant, charger, bucket, samples, power_samples, power_mean_w, power_max_w, soc_max_pct, "
        "register_min_wh, register_max_wh FROM samples ORDER BY ALL",
    )
    view = sql(
        dsn,
        "SELECT tenant, charger, bucket, n, power_n, round(power_sum / nullif(power_n, 0))::bigint, "
        "round(power_max::numeric)::bigint, soc_max::int, energy_min_wh, energy_max_wh FROM ocpp_meter_15m "
        "WHERE bucket >= '2026-03-28 00:00Z' AND bucket < '2026-04-02 00:00Z' "
        'ORDER BY tenant, charger COLLATE "C", bucket',
    )
    assert exported == view
    assert len(exported) == 2 * 3 * 4 * 6
    assert any(row[5] is None for row in exported), "a bucket without powers"
    commands = duck(
        folder, "SELECT state, asked_by, effect, effect_after_ms, count(*) FROM commands GROUP BY ALL"
    )
    assert commands == [("succeeded", "user", "observed", 1250, 24)]


def test_the_minutes_of_a_date_are_all_there(dsn: str, folder: Path) -> None:
    """And those of a state are as many as the read model has summed up between the ends of the range."""
    days = duck(
        folder,
        "SELECT tenant, charger, evse_id, date, sum(seconds) FROM connector_minutes GROUP BY ALL ORDER BY ALL",
    )
    assert len(days) == len(TENANTS) * 3 * 5, "the day on which nothing happened included"
    assert {row[4] for row in days} == {86_400}
    exported = duck(
        folder,
        "SELECT tenant, charger, state, sum(seconds) FROM connector_minutes GROUP BY ALL ORDER BY ALL",
    )
    assert {tuple(row[:3]): row[3] for row in exported} == summed_up(dsn, BEGIN, END)


STATES = ("up", "charging", "idle", "down", "unknown", "absent")


def summed_up(dsn: str, begin: datetime | None, end: datetime) -> dict[tuple[str, str, str], Decimal]:
    """Seconds by tenant, charger (of one port) and state, by the sums that the read model keeps."""
    found: dict[tuple[str, str, str], Decimal] = {}
    ports = sql(dsn, "SELECT DISTINCT tenant, charger, evse_id FROM ocpp_connector_states")
    for tenant, charger, evse_id in ports:
        until = sums(dsn, (tenant, charger, evse_id), end)
        before = sums(dsn, (tenant, charger, evse_id), begin) if begin else {}
        for state in STATES:
            if seconds := until.get(state, Decimal(0)) - before.get(state, Decimal(0)):
                key = (tenant, charger, state)
                found[key] = found.get(key, Decimal(0)) + seconds
    return found


def sums(dsn: str, port: tuple[str, str, int], at: datetime) -> dict[str, Decimal]:
    """Seconds in each state up to then."""
    columns = ", ".join(f"{state}_s" for state in STATES)
    query = (
        f"SELECT state, extract(epoch FROM '{at}'::timestamptz - since), {columns} FROM ocpp_connector_states "  # noqa: S608
        f"WHERE (tenant, charger, evse_id) = ('{port[0]}', '{port[1]}', {port[2]}) AND since <= '{at}' "
        "ORDER BY since DESC, position DESC LIMIT 1"
    )
    found: dict[str, Decimal] = {}
    for state, open_s, *before in sql(dsn, query):
        found = {name: Decimal(seconds) for name, seconds in zip(STATES, before, strict=True)}
        found[state] += open_s
    return found


def test_offline_time_tells_what_sessions_prove_of_it(
    postgres_dsn: str, pseudonyms: Pseudonyms, tmp_path: Path
) -> None:
    log = Log(postgres_dsn)
    live(log)
    project(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        port = ("acme", "HALL-1", 1)
        connection.execute(
            "UPDATE ocpp_connector_states SET state = 'unknown' WHERE (tenant, charger, evse_id) = (%s, %s, %s)",
            port,
        )
        connection.execute("DELETE FROM ocpp_offline_use")
        for begin, end in (("09:00", "10:00"), ("09:30", "10:30"), ("23:00", "24:00")):  # two overlap
            connection.execute(
                "INSERT INTO ocpp_offline_use VALUES (%s, %s, %s, %s, 1, %s, %s::timestamptz)",
                (*port, f"s{begin}", f"2026-03-31 {begin}", f"2026-03-31 {end}"),
            )
    run(postgres_dsn, tmp_path, pseudonyms)
    proven = duck(
        tmp_path,
        "SELECT date, sum(proven_s) FROM connector_minutes WHERE charger = 'HALL-1' AND tenant = 'acme' "
        "GROUP BY ALL HAVING sum(proven_s) > 0",
    )
    assert [(str(day), int(seconds)) for day, seconds in proven] == [("2026-03-31", 9000)]


def test_status_reports_come_from_the_log(dsn: str, folder: Path) -> None:
    exported = duck(
        folder,
        "SELECT position, tenant, charger, status, activity, recorded_at FROM status_changes ORDER BY 1",
    )
    stored = sql(
        dsn,
        "SELECT notification_id, tenant, split_part(originator_id, '/', 3) FROM eventstore.stored_events "
        "WHERE topic = 'connector.status_reported' ORDER BY 1",
    )
    assert [row[:3] for row in exported] == [row for row in stored if row[0] in {one[0] for one in exported}]
    assert len(exported) == 2 * 3 * 4 * 3
    assert {row[3:5] for row in exported} == {("Occupied", "Charging"), ("Available", "")}
    assert all(BEGIN <= row[5] < END for row in exported)


def test_the_statement_knows_every_shape_of_a_status_report() -> None:
    assert StatusReported.TOPIC == "connector.status_reported"
    assert StatusReported.TOPIC not in UPCASTERS
    assert "convert_from(e.state" in next(one.source for one in DATASETS if one.name == "status_changes")


def test_the_same_range_gives_the_same_bytes(
    dsn: str, folder: Path, pseudonyms: Pseudonyms, tmp_path: Path
) -> None:
    run(dsn, tmp_path / "again", pseudonyms)
    first, again = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*.*")}
        for root in (folder, tmp_path / "again")
    )
    assert first == again
    assert len(first) == 4 * 2 * 4 + 2 * 5 + 1


def test_row_groups_are_bounded_and_hold_the_same_rows(
    dsn: str, folder: Path, pseudonyms: Pseudonyms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 5)
    manifest, seen = run(dsn, tmp_path, pseudonyms)
    file = next((tmp_path / "samples").rglob("*.parquet"))
    sizes = [arrow_parquet.ParquetFile(file).metadata.row_group(n).num_rows for n in range(4)]
    assert sizes == [5, 5, 5, 3]
    for one in manifest.datasets:
        query = f"SELECT * FROM {one.name} ORDER BY ALL"  # noqa: S608
        assert duck(tmp_path, query) == duck(folder, query)
        told = [at for at in seen if at.dataset == one.name]
        assert [at.day for at in told] == sorted(at.day for at in told)
        assert told[-1].rows == one.rows


def test_partitions_are_days_and_tenants(folder: Path) -> None:
    days = {str((BEGIN + timedelta(days=n)).date()) for n in range(5)} - {str(EMPTY)}
    for one in DATASETS:
        found = {
            path.parent.relative_to(folder / one.name).as_posix() for path in folder.glob(f"{one.name}/*/*/*")
        }
        on = days | {str(EMPTY)} if one.name == "connector_minutes" else days
        assert found == {f"tenant={tenant}/date={day}" for tenant in TENANTS for day in on}
    hours = duck(
        folder,
        "SELECT DISTINCT hour(started_at) FROM sessions WHERE date = '2026-03-29' AND reason IS NOT NULL ORDER BY 1",
    )
    assert hours == [(0,), (1,), (2,)], "the night of summer time has all its hours: dates are those of UTC"


def test_nobody_is_named(folder: Path) -> None:
    for one in DATASETS:
        for path in (folder / one.name).rglob("*.parquet"):
            assert PLAIN not in str(arrow_parquet.ParquetFile(path).read().to_pylist())
    tokens = duck(
        folder,
        "SELECT DISTINCT charger = 'YARD-1', id_token FROM sessions WHERE id_token IS NOT NULL ORDER BY 1",
    )
    assert tokens[0] == (False, ANN)
    assert tokens[1][1].startswith("=")
    assert len(tokens) == 3, "a person who charges with two operators is two"


def test_a_plain_token_is_named_by_its_subject_where_there_is_one(dsn: str) -> None:
    subjects = open_subjects(dsn, RING)
    names = Pseudonyms(RING, subjects)
    try:
        before = names.of("north", [PLAIN])[PLAIN]
        ref = subjects.ensure("north", [PLAIN.lower()])[PLAIN].ref
        assert names.of("north", [PLAIN, ANN, f"erased:{ANN}"]) == {
            PLAIN: ref,
            ANN: ANN,
            f"erased:{ANN}": ANN,
        }
        assert before not in (ref, names.of("acme", [PLAIN])[PLAIN])
        subjects.destroy("north", ref)
    finally:
        subjects.close()


def test_no_energy_and_no_figure_is_a_float(folder: Path) -> None:
    for one in DATASETS:
        schema = arrow_parquet.read_schema(next((folder / one.name).rglob("*.parquet")))
        assert not any(pyarrow.types.is_floating(field.type) for field in schema)
        for column, field in zip(one.columns, schema, strict=True):
            assert field.metadata[b"meaning"].decode() == column.meaning
            assert pyarrow.types.is_dictionary(field.type) == (column.kind is Kind.WORD)
            if column.kind is Kind.INSTANT:
                assert field.type == pyarrow.timestamp("us", tz="UTC")


def test_the_manifest_says_what_it_is_made_of(dsn: str, folder: Path) -> None:
    manifest = read_manifest(folder, Manifest)
    head = sql(dsn, "SELECT max(notification_id) FROM eventstore.stored_events")[0][0]
    positions = dict(sql(dsn, "SELECT name, position FROM zeus_read_models")) | {"log": head}
    assert (manifest.begin, manifest.end, manifest.log_position, manifest.code_version) == (
        BEGIN,
        END,
        head,
        "1.2.3",
    )
    assert b'"from": "2026-03-28T00:00:00Z"' in (folder / MANIFEST).read_bytes()
    for told, one in zip(manifest.datasets, DATASETS, strict=True):
        assert [source.read_model for source in told.sources] == list(one.read_models)
        assert all(source.position == positions[source.read_model] for source in told.sources)
        assert [column.name for column in told.columns] == [column.name for column in one.columns]
        assert told.rows == sum(file.rows for file in told.files)


def test_damage_is_found(dsn: str, pseudonyms: Pseudonyms, tmp_path: Path) -> None:
    manifest, _ = run(dsn, tmp_path, pseudonyms)
    assert damage(tmp_path, manifest.files()) == []
    changed, cut, gone = (tmp_path / file.path for file in manifest.files()[:3])
    data = bytearray(changed.read_bytes())
    data[100] ^= 1
    changed.write_bytes(data)
    cut.write_bytes(cut.read_bytes()[:-1])
    gone.unlink()
    (tmp_path / "samples" / "more.parquet").write_bytes(b"")
    found = damage(tmp_path, manifest.files())
    assert len(found) == 4
    assert "its SHA-256 differs" in found[0]
    assert found[2].endswith("is missing.")
    assert found[3] == "samples/more.parquet is not in the manifest."


def test_one_tenant_and_an_empty_range(dsn: str, pseudonyms: Pseudonyms, tmp_path: Path) -> None:
    one, _ = run(dsn, tmp_path / "one", pseudonyms, Span(None, END, "north"))
    assert {file.path.split("/")[1] for file in one.files()} == {"tenant=north"}
    assert one.datasets[0].rows == 3 * 2 * 5
    later = datetime(2027, 1, 1, tzinfo=UTC)
    none, _ = run(dsn, tmp_path / "none", pseudonyms, Span(later, later + timedelta(days=1), None))
    assert none.files() == []
    with pytest.raises(FolderNotEmpty):
        run(dsn, tmp_path / "one", pseudonyms)


def test_read_models_that_do_not_exist_are_named(
    postgres_dsn: str, tmp_path: Path, pseudonyms: Pseudonyms
) -> None:
    with pytest.raises(
        NoSuchReadModel, match="availability, commands, meter_samples, sessions, status_board"
    ):
        run(postgres_dsn, tmp_path, pseudonyms)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_chargers_say_can_be_exported(
    postgres_dsn: str, pseudonyms: Pseudonyms, tmp_path: Path, seed: int
) -> None:
    """Wrong clocks, ends without starts, signs that are no text."""
    fleet = Fleet(Log(postgres_dsn), seed, 9, pace_s=600)
    fleet.log.append(fleet.arrive())
    fleet.log.append(fleet.live(900))
    project(postgres_dsn)
    manifest, _ = run(postgres_dsn, tmp_path, pseudonyms, Span(None, datetime(2200, 1, 1, tzinfo=UTC), None))
    counts = {one.name: one.rows for one in manifest.datasets}
    tables = {"sessions": "ocpp_sessions", "samples": "ocpp_meter_15m", "commands": "ocpp_commands"}
    for name, table in tables.items():
        assert counts[name] == sql(postgres_dsn, f"SELECT count(*) FROM {table}")[0][0] > 0  # noqa: S608
    reports = "SELECT count(*) FROM eventstore.stored_events WHERE topic = 'connector.status_reported'"
    assert counts["status_changes"] == sql(postgres_dsn, reports)[0][0]
    energy = sql(postgres_dsn, "SELECT sum(energy_wh), count(*) - count(energy_wh) FROM ocpp_sessions")
    assert duck(tmp_path, "SELECT sum(energy_wh), count(*) - count(energy_wh) FROM sessions") == energy
    assert energy[0][1] > 0
    assert counts["connector_minutes"] > 0
    stretches = duck(
        tmp_path,
        "SELECT count(*) FROM (SELECT begin_at, lag(end_at) OVER "
        "(PARTITION BY tenant, charger, evse_id ORDER BY begin_at) AS before FROM connector_minutes) "
        "WHERE before IS NOT NULL AND before <> begin_at",
    )
    assert stretches == [(0,)], "no gap, no overlap"
    head = sql(
        postgres_dsn, "SELECT recorded_at FROM eventstore.stored_events ORDER BY notification_id DESC LIMIT 1"
    )
    exported = duck(
        tmp_path,
        "SELECT tenant, charger, state, sum(seconds) FROM connector_minutes GROUP BY ALL ORDER BY ALL",
    )
    assert {tuple(row[:3]): row[3] for row in exported} == summed_up(postgres_dsn, None, head[0][0])
    assert {row[2] for row in exported} >= {"up", "charging"}
