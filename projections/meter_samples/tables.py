"""The table `ocpp_meter_samples` and its rollup: wide rows, one per connector, instant and context.

Energy registers are `numeric`: exact, in Wh, whatever fraction a meter counts in, and no larger than a
bigint. Power, current and the like are `real`: meters know three digits of them. What has no column is in
`extra`, value by value as told. Column order: fixed widths first, so that rows carry little padding.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, REAL

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

CONTEXTS = (
    "Sample.Periodic",
    "Sample.Clock",
    "Transaction.Begin",
    "Transaction.End",
    "Interruption.Begin",
    "Interruption.End",
    "Trigger",
    "Other",
)
"""The column `context` counts through these; a context of no specification is 7, its word in `extra`."""

FIGURES = (
    "power_w",
    "power_offered_w",
    "current_a",
    "current_l1_a",
    "current_l2_a",
    "current_l3_a",
    "current_offered_a",
    "voltage_v",
    "voltage_l1_v",
    "voltage_l2_v",
    "voltage_l3_v",
    "soc_pct",
    "temperature_c",
)

SAMPLES = Table(
    "ocpp_meter_samples",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("connector_id", Integer, primary_key=True),
    Column("ts", _TIME, primary_key=True),  # the charger's clock; ours where that is not sane (extra.told_at)
    Column("context", SmallInteger, primary_key=True),
    Column("received_at", _TIME, nullable=False),  # our clock
    *(Column(name, REAL) for name in FIGURES),
    Column("energy_wh", Numeric),  # Energy.Active.Import.Register
    Column("energy_export_wh", Numeric),
    Column("session", Text),  # public id; NULL outside a transaction
    Column("extra", JSONB),
    postgresql_partition_by="RANGE (ts)",
)

TIME_INDEX = Index(
    "ocpp_meter_samples_ts",
    SAMPLES.c.ts,
    postgresql_using="brin",
    postgresql_with={"pages_per_range": 32, "autosummarize": "on"},
)

ROLLED_15M = Table(
    "ocpp_meter_rolled_15m",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("connector_id", Integer, primary_key=True),
    Column("bucket", _TIME, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("power_n", BigInteger, nullable=False),
    Column("power_sum", Numeric),
    Column("power_max", REAL),
    Column("soc_max", REAL),
    Column("energy_min_wh", Numeric),
    Column("energy_max_wh", Numeric),
)

WATERMARK = Table(
    "ocpp_meter_watermark",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("upto", _TIME, nullable=False, server_default=text("'-infinity'")),
)
