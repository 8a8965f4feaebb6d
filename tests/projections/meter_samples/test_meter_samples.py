"""Given readings, wide rows; curves and rollups of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import psycopg
import pytest

from domain.chargers import events as charger
from domain.event import Fact
from domain.metering import Reading, Sample
from domain.transactions import events as transaction
from projections.meter_samples import queries, storage
from projections.streams import session_id
from tests.projections.stories import START, TENANT, Log, project, reading, rows, sample, stream, told
from tests.projections.stories import transaction_of as tx


def metered(*samples: Sample, connector: int = 1) -> transaction.Metered:
    return transaction.Metered(evse_id=1, connector_id=connector, samples=samples)


def alone(*samples: Sample) -> charger.Metered:
    return charger.Metered(evse_id=1, connector_id=1, samples=samples)


def tell(dsn: str, *facts: tuple[str, Fact]) -> list[dict[str, Any]]:
    """Project the facts, one a minute, and give the rows."""
    log = Log(dsn)
    log.tell(*((path, fact, told(n)) for n, (path, fact) in enumerate(facts)))
    project(dsn)
    return rows(dsn, "ocpp_meter_samples", "ts, context")


def test_a_row_is_wide_exact_and_complete(postgres_dsn: str) -> None:
    odd = Sample(
        START,
        "Sample.Clock",
        (
            Reading("Energy.Active.Import.Register", Decimal("123456789012.345678"), "Wh"),
            Reading("Power.Active.Import", Decimal("7.2"), "kVA"),
            Reading("Frequency", Decimal("49.98"), "Hz"),
            Reading("Voltage", Decimal("231.5"), "V", "L2-N"),
            Reading("Voltage", Decimal("401"), "V", "L1-L2"),
            Reading("SignedData", None, "", "", "", "OCMF|\x00|…"),
            Reading("Power.Active.Import", Decimal("1000"), "W", "L1"),
            Reading("Power.Active.Import", Decimal("1500.5"), "W", "L2"),
            Reading("Power.Active.Import", Decimal("2000"), "W", "L3"),
        ),
    )
    (row,) = tell(postgres_dsn, (tx(), metered(odd)))
    assert row["energy_wh"] == Decimal("123456789012.345678")
    assert (row["voltage_l2_v"], row["voltage_l1_v"], row["power_w"]) == (231.5, None, 4500.5)
    assert (row["context"], row["session"], row["received_at"]) == (1, session_id(tx()), START)
    assert row["extra"] == {
        "Power.Active.Import": {"value": "7.2", "unit": "kVA"},
        "Frequency": {"value": "49.98", "unit": "Hz"},
        "Voltage.L1-L2": {"value": "401", "unit": "V"},
        "SignedData": {"text": "OCMF|\ufffd|…"},
        "Power.Active.Import.L1": {"value": "1000", "unit": "W"},
        "Power.Active.Import.L2": {"value": "1500.5", "unit": "W"},
        "Power.Active.Import.L3": {"value": "2000", "unit": "W"},
    }


@pytest.mark.parametrize("batch", [1, 100])
def test_messages_of_one_instant_merge(postgres_dsn: str, batch: int) -> None:
    power = Sample(START, "Sample.Periodic", (Reading("Power.Active.Import", Decimal(5), "W"),))
    soc = Sample(START, "Sample.Periodic", (Reading("SoC", Decimal(9)), Reading("X", Decimal(1))))
    other = Sample(START, "Sample.Periodic", (Reading("Y", Decimal(2)),))
    log = Log(postgres_dsn)
    log.tell(*((tx(), metered(each), told(0)) for each in (power, soc, other)))
    project(postgres_dsn, batch=batch)
    (row,) = rows(postgres_dsn, "ocpp_meter_samples")
    assert (row["power_w"], row["soc_pct"]) == (5.0, 9.0)
    assert row["extra"] == {"X": {"value": "1"}, "Y": {"value": "2"}}


@pytest.mark.parametrize("year", [1970, 2099, 9999, 1])
def test_a_clock_that_is_not_sane_is_told_beside_ours(postgres_dsn: str, year: int) -> None:
    unset = datetime(year, 6, 1, tzinfo=UTC)
    first, second = (sample(unset + timedelta(minutes=n), "5") for n in (0, 2))
    found = tell(postgres_dsn, (stream(), alone(first, second)))
    assert [row["ts"] for row in found] == [START - timedelta(minutes=2), START]
    assert [row["extra"] for row in found] == [{"told_at": each.at.isoformat()} for each in (first, second)]
    assert [row["session"] for row in found] == [None, None]


def test_figures_no_column_can_hold_stop_nothing(postgres_dsn: str) -> None:
    values = ("NaN", "sNaN", "Infinity", "1e400", "1e-400", "-1e39", "1e-45", "1E+9999", "1e-99999")
    names = ("Energy.Active.Import.Register", "Power.Active.Import", "Energy.Active.Export.Register", "SoC")
    samples = [
        Sample(START + timedelta(seconds=n), "Huh?", tuple(Reading(name, Decimal(value)) for name in names))
        for n, value in enumerate(values)
    ]
    found = tell(postgres_dsn, (tx(), metered(*samples)))
    assert len(found) == len(values)
    for row, value in zip(found, values, strict=True):
        assert row["context"] == 7
        assert row["extra"]["context"] == "Huh?"
        assert (row["energy_wh"], row["power_w"]) in {(None, None), (None, 0.0)}
        assert row["extra"]["Energy.Active.Import.Register"]["value"] == str(Decimal(value))


def test_the_curve_of_a_session_while_it_runs_and_after(postgres_dsn: str) -> None:
    log = Log(postgres_dsn)

    def at(n: float, wh: str) -> Sample:
        return sample(START + timedelta(minutes=n), wh)

    begin = transaction.Started(
        evse_id=1, connector_id=1, at=START, samples=(sample(START, "1000", context="Transaction.Begin"),)
    )
    log.tell((tx(), begin, told(0)), (stream(), alone(at(-3, "900")), told(0)))
    for n in range(1, 40):
        log.tell((tx(), metered(at(n, f"{1000 + n}.5")), told(n)))
    log.tell((tx("other"), metered(at(8.5, "5")), told(40)))
    log.tell((tx("late"), metered(at(9.5, "6"), connector=2), told(40)))
    log.tell((stream(), alone(at(7.5, "1007.75")), told(41)))
    project(postgres_dsn)
    known: dict[str, Any] = {
        "session": session_id(tx()),
        "charger": "CP1",
        "evse_id": 1,
        "connector_id": 1,
        "started_at": START,
        "reported_at": START,
        "now": START + timedelta(hours=1),
    }
    running = queries.span_of_session(**known, ended_at=None)
    over = queries.span_of_session(**known, ended_at=START + timedelta(minutes=30))
    with reading(postgres_dsn).connect() as connection:
        raw = queries.curve(connection, TENANT, running)
        assert [point.energy_wh for point in raw[:9]] == [
            Decimal(wh)
            for wh in [
                "1000",
                "1001.5",
                "1002.5",
                "1003.5",
                "1004.5",
                "1005.5",
                "1006.5",
                "1007.5",
                "1007.75",
            ]
        ]
        assert len(raw) == 41
        assert raw[0].context == "Transaction.Begin"
        assert msgspec.json.encode(raw[0])
        assert len(queries.curve(connection, TENANT, over)) == 32
        assert queries.curve(connection, "other", running) == []
        points = queries.buckets(connection, TENANT, running, "1m")
        assert len(points) == 40
        assert points[7].bucket == START + timedelta(minutes=7)
        assert (points[7].n, points[7].energy_wh) == (2, Decimal("1007.75"))
        assert points[7].power_w == pytest.approx(7360.5)
        quarters = queries.buckets(connection, TENANT, running, "15m")
        assert [(point.n, point.energy_wh) for point in quarters] == [
            (17, Decimal("1014.5")),  # with the other session's reading of this connector
            (15, Decimal("1029.5")),
            (10, Decimal("1039.5")),
        ]
        assert quarters[0].power_w == pytest.approx(7360.5)


def test_old_partitions_go_and_the_rollup_stays(postgres_dsn: str) -> None:
    old = sample(START - timedelta(days=60), "1")
    tell(postgres_dsn, (tx(), metered(old)), (tx(), metered(sample(START, "2"))))
    log = Log(postgres_dsn)
    log.tell((tx("x"), metered(sample(START + timedelta(hours=2), "3")), told(120)))
    project(postgres_dsn)
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        assert storage.retain(connection, START - timedelta(days=30)) == 1
    assert len(rows(postgres_dsn, "ocpp_meter_samples")) == 2
    assert len(rows(postgres_dsn, "ocpp_meter_15m")) == 3


def test_the_sql_of_the_tiers() -> None:
    absent, apache, timescale = (
        [statement.decode() for statement in storage.statements(tier)]
        for tier in ("absent", "apache", "timescale")
    )
    assert "PARTITION BY RANGE (ts)" in "".join(absent)
    for statements in (apache, timescale):
        assert "PARTITION BY" not in "".join(statements)
        assert (
            sum("create_hypertable('ocpp_meter_samples', by_range('ts'" in each for each in statements) == 1
        )
    view = "ocpp_meter_15m "
    assert [each for each in absent if each.startswith(f"CREATE VIEW {view}")]
    assert [each for each in apache if each.startswith(f"CREATE VIEW {view}")]
    assert not [each for each in timescale if each.startswith("CREATE VIEW")]
    (continuous,) = [each for each in timescale if each.startswith(f"CREATE MATERIALIZED VIEW {view}")]
    assert "timescaledb.continuous" in continuous
    assert "WITH NO DATA" in continuous
    assert "add_columnstore_policy" in "".join(timescale)
    assert "columnstore" not in "".join(apache)


def test_the_database_here_has_no_timescale(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn) as connection:
        assert storage.tier(connection) == "absent"
    with pytest.raises(storage.TimescaleNotLoaded):
        storage.enable_timescale(postgres_dsn)
