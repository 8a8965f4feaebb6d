"""The 15-minute rollup on plain Postgres, kept within the transaction of each batch.

A watermark divides time. Buckets before it stand in the table and are overwritten, never added to, when a
late sample arrives; what lies after it the view `ocpp_meter_15m` sums up as it is asked. The watermark
follows our own clock in the log, so the table depends on the log alone, wherever batches began and ended.
Sums are numeric: floats added in another order would give another rollup after a rebuild.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import LiteralString

from projections.read_model import Link
from projections.writes import Merge

STEP = timedelta(minutes=15)
ORIGIN = "2000-01-03 00:00+00"
NAME = "15m"

AGGREGATES: LiteralString = (
    "count(*) AS n, count(power_w) AS power_n, sum(power_w::numeric) AS power_sum, max(power_w) AS power_max, "
    "max(soc_pct) AS soc_max, min(energy_wh) AS energy_min_wh, max(energy_wh) AS energy_max_wh"
)
_COLUMNS: LiteralString = (
    "tenant, charger, evse_id, connector_id, bucket, n, power_n, power_sum, power_max, soc_max, "
    "energy_min_wh, energy_max_wh"
)
_BUCKET: LiteralString = "date_bin('15 min', ts, '2000-01-03 00:00+00')"
_OVERWRITE: LiteralString = (
    "ON CONFLICT (tenant, charger, evse_id, connector_id, bucket) DO UPDATE SET n = excluded.n, "
    "power_n = excluded.power_n, power_sum = excluded.power_sum, power_max = excluded.power_max, "
    "soc_max = excluded.soc_max, energy_min_wh = excluded.energy_min_wh, energy_max_wh = excluded.energy_max_wh"
)

VIEW: LiteralString = (
    f"CREATE VIEW ocpp_meter_15m WITH (security_invoker = true) AS SELECT {_COLUMNS} FROM ocpp_meter_rolled_15m "  # noqa: S608 - our own words
    f"UNION ALL SELECT tenant, charger, evse_id, connector_id, {_BUCKET} AS bucket, {AGGREGATES} "
    "FROM ocpp_meter_samples WHERE ts >= (SELECT upto FROM ocpp_meter_watermark WHERE name = '15m') "
    "GROUP BY 1, 2, 3, 4, 5"
)

_WINDOW: LiteralString = (
    f"INSERT INTO ocpp_meter_rolled_15m ({_COLUMNS}) "  # noqa: S608 - our own words
    f"SELECT tenant, charger, evse_id, connector_id, {_BUCKET}, {AGGREGATES} FROM ocpp_meter_samples "
    f"WHERE ts >= %s AND ts < %s GROUP BY 1, 2, 3, 4, 5 {_OVERWRITE}"
)

_DIRTY: LiteralString = (
    f"INSERT INTO ocpp_meter_rolled_15m ({_COLUMNS}) "  # noqa: S608 - our own words
    "SELECT d.tenant, d.charger, d.evse_id, d.connector_id, d.bucket, r.* "
    "FROM unnest(%s::text[], %s::text[], %s::integer[], %s::integer[], %s::timestamptz[]) "
    "AS d(tenant, charger, evse_id, connector_id, bucket) CROSS JOIN LATERAL ("
    f"SELECT {AGGREGATES} FROM ocpp_meter_samples s WHERE s.tenant = d.tenant AND s.charger = d.charger "
    "AND s.evse_id = d.evse_id AND s.connector_id = d.connector_id "
    f"AND s.ts >= d.bucket AND s.ts < d.bucket + interval '15 min') AS r {_OVERWRITE}"
)


def bucket_of(ts: datetime) -> datetime:
    """The beginning of the quarter of an hour `ts` is in."""
    origin = datetime.fromisoformat(ORIGIN)
    return origin + (ts - origin) // STEP * STEP


def advance(connection: Link, writes: Sequence[Merge]) -> None:
    """Roll up what the rows of a batch, already written, completed or changed."""
    if not writes:
        return
    found = connection.execute(
        "SELECT nullif(upto, '-infinity') FROM ocpp_meter_watermark WHERE name = %s", [NAME]
    ).fetchone()
    if found is None:  # a continuous aggregate does all this
        return
    before: datetime | None = found[0]
    after = bucket_of(max(write.values["received_at"] for write in writes))
    if before is None:
        _move(connection, None, after)
        return
    _overwrite(connection, writes, before)
    if after > before:
        _move(connection, before, after)


def _move(connection: Link, before: datetime | None, after: datetime) -> None:
    connection.execute(_WINDOW, ["-infinity" if before is None else before, after])
    connection.execute("UPDATE ocpp_meter_watermark SET upto = %s WHERE name = %s", [after, NAME])


def _overwrite(connection: Link, writes: Sequence[Merge], before: datetime) -> None:
    dirty = {(*write.key[:4], bucket_of(write.key[4])) for write in writes if write.key[4] < before}
    if dirty:
        connection.execute(_DIRTY, [list(column) for column in zip(*sorted(dirty), strict=True)])
