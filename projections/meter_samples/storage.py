"""How samples are stored: native partitions, or a TimescaleDB hypertable where the database has one.

Three tiers. `absent`: range partitions and the rollup of this package. `apache`: a hypertable, and the same
rollup, for that licence has no columnstore and no continuous aggregates. `timescale`: hypertable, columnstore,
retention, and `ocpp_meter_15m` as a continuous aggregate. The tables and the view are named alike and have
the same columns, so the queries are the same. A partitioned table cannot become a hypertable: after
`enable_timescale` a rebuild of the read model makes the switch.
"""

from datetime import datetime
from typing import Literal, LiteralString, TypeAlias

import psycopg

from projections.meter_samples import rollup
from projections.meter_samples.tables import METADATA, SAMPLES
from projections.partitions import drop_expired
from projections.read_model import Link, create_tables

Tier: TypeAlias = Literal["absent", "apache", "timescale"]

OLDEST = (2, 20)
"""TimescaleDB 2.17 loses rows on conflict; 2.20 is the first with the columnstore's final names."""

HYPERTABLE: tuple[LiteralString, ...] = (
    "SELECT create_hypertable('ocpp_meter_samples', by_range('ts', INTERVAL '7 days'), "
    "create_default_indexes => false)",
)

COLUMNSTORE: tuple[LiteralString, ...] = (
    "ALTER TABLE ocpp_meter_samples SET (timescaledb.enable_columnstore = true, "
    "timescaledb.segmentby = 'tenant, charger', "
    "timescaledb.orderby = 'evse_id, connector_id, ts, context')",
    "CALL add_columnstore_policy('ocpp_meter_samples', after => INTERVAL '8 days', if_not_exists => true)",
    "SELECT add_retention_policy('ocpp_meter_samples', drop_after => INTERVAL '400 days', if_not_exists => true)",
)

CONTINUOUS_AGGREGATE: tuple[LiteralString, ...] = (
    "CREATE MATERIALIZED VIEW ocpp_meter_15m WITH (timescaledb.continuous, "  # noqa: S608 - our own words
    "timescaledb.materialized_only = false, timescaledb.create_group_indexes = true) AS "
    "SELECT tenant, charger, evse_id, connector_id, time_bucket(INTERVAL '15 min', ts) AS bucket, "
    f"{rollup.AGGREGATES} FROM ocpp_meter_samples GROUP BY 1, 2, 3, 4, 5 WITH NO DATA",
    "SELECT add_continuous_aggregate_policy('ocpp_meter_15m', start_offset => INTERVAL '30 days', "
    "end_offset => INTERVAL '15 min', schedule_interval => INTERVAL '15 min', if_not_exists => true)",
)


class TimescaleNotLoaded(RuntimeError):
    """TimescaleDB is not among the server's shared_preload_libraries; add it there and restart Postgres."""


class TimescaleTooOld(RuntimeError):
    """TimescaleDB 2.20 or newer is needed; older ones lose rows on conflict."""


def tier(connection: Link) -> Tier:
    """What the database offers. Raises TimescaleTooOld."""
    found = connection.execute(
        "SELECT extversion, current_setting('timescaledb.license', true) FROM pg_extension "
        "WHERE extname = 'timescaledb'"
    ).fetchone()
    if found is None:
        return "absent"
    version, license_ = found
    if tuple(int(part) for part in version.split("-")[0].split(".")[:2]) < OLDEST:
        raise TimescaleTooOld(version)
    return "timescale" if license_ == "timescale" else "apache"


def enable_timescale(dsn: str) -> Tier:
    """CREATE EXTENSION, as an explicit step; then rebuild the read model `meter_samples`.

    Without the library preloaded CREATE EXTENSION ends the connection, hence the look before. Raises
    TimescaleNotLoaded, TimescaleTooOld.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("SELECT current_setting('shared_preload_libraries')").fetchone()
        loaded = [name.strip() for name in str(row[0] if row else "").split(",")]
        if "timescaledb" not in loaded:
            raise TimescaleNotLoaded(", ".join(loaded))
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        return tier(connection)


def create(connection: Link, which: Tier) -> None:
    """Create tables, index and view in the first schema of the search_path."""
    for statement in statements(which):
        connection.execute(statement)
    if which != "timescale":
        connection.execute("INSERT INTO ocpp_meter_watermark (name) VALUES (%s)", [rollup.NAME])


def statements(which: Tier) -> list[bytes]:
    """The SQL of a tier, in order."""
    made: list[bytes] = []
    collect: Link = _Collector(made)  # type: ignore[assignment]
    create_tables(collect, METADATA)
    if which != "absent":
        made = [statement.replace(b" PARTITION BY RANGE (ts)", b"") for statement in made]
        made += [statement.encode() for statement in HYPERTABLE]
    if which == "timescale":
        return made + [statement.encode() for statement in (*COLUMNSTORE, *CONTINUOUS_AGGREGATE)]
    return [*made, rollup.VIEW.encode()]


class _Collector:
    def __init__(self, made: list[bytes]) -> None:
        self._made = made

    def execute(self, statement: bytes) -> None:
        """Keep it."""
        self._made.append(statement)


def partitioned(connection: Link) -> bool:
    """Whether the table in the search_path is plain and partitioned."""
    row = connection.execute(
        "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)", [SAMPLES.name]
    ).fetchone()
    return bool(row and row[0])


def retain(connection: Link, before: datetime) -> int:
    """Drop the partitions that hold nothing at or after `before`; `connection` is in autocommit.

    Returns how many. A hypertable has its own policy: nothing is dropped here. The rollup is kept.
    """
    return drop_expired(connection, SAMPLES.name, before) if partitioned(connection) else 0
