"""The datasets that can be exported: one table, a row a dataset, from which code, manifest and guide are made.

A dataset is an SQL source, the instant that decides about range and partition, an order without ties, and columns.
To add one: its columns, its row below, and its line in docs/analysis.md.
"""

import msgspec

from adapters.exports.columns import Column, Kind

SCHEMA_VERSION = 1
"""Raised whenever a column changes its name, type or meaning."""

LOG = "log"
"""What a dataset is read from that no read model has: the event log itself."""


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """What can be exported under one name."""

    name: str
    meaning: str
    read_models: tuple[str, ...]
    """Whose positions say how far the rows go; LOG for the log."""
    source: str
    """What stands behind FROM; it has a column `tenant`."""
    at: str
    """The instant of a row, which decides whether it is in the range and about its date (UTC)."""
    order: tuple[str, ...]
    """Within a tenant and a date; no two rows are equal in it."""
    columns: tuple[Column, ...]


CHARGER = Column("charger", Kind.TEXT, "the charger, in upper case")
EVSE = Column("evse_id", Kind.NUMBER, "the EVSE; 0 is the charger itself")
CONNECTOR = Column("connector_id", Kind.NUMBER, "the connector of the EVSE")

SESSIONS = (
    Column("session", Kind.TEXT, "its public id"),
    CHARGER,
    EVSE,
    CONNECTOR,
    Column("site", Kind.WORD, "the charger's site, as it is now"),
    Column("vendor", Kind.WORD, "the charger's vendor, as it is now"),
    Column("model", Kind.WORD, "the charger's model, as it is now"),
    Column("id_token", Kind.TOKEN, "pseudonym of who started it"),
    Column("id_token_kind", Kind.WORD, "the type of that token"),
    Column("verdict", Kind.WORD, "what was said of the token"),
    Column("stop_token", Kind.TOKEN, "pseudonym of who ended it"),
    Column("listed_at", Kind.INSTANT, "the start, where that time is sane, else when it was first heard of"),
    Column("started_at", Kind.INSTANT, "the start by the charger's clock; null until one is reported"),
    Column("ended_at", Kind.INSTANT, "the end by the charger's clock; null until one is reported"),
    Column("reported_at", Kind.INSTANT, "our clock, at the first word of it"),
    Column("end_reported_at", Kind.INSTANT, "our clock, when its end was reported"),
    Column("closed_at", Kind.INSTANT, "our clock, when it was closed for want of a reported end"),
    Column(
        "duration_s",
        Kind.WHOLE,
        "from start to end; null while one is missing",
        "s",
        "floor(extract(epoch FROM ended_at - started_at))::bigint",
    ),
    Column("energy_wh", Kind.WHOLE, "settled energy, or what the readings tell so far; null: unknown", "Wh"),
    Column("energy_settled", Kind.FLAG, "whether the energy is final", sql="settled"),
    Column("meter_start_wh", Kind.EXACT, "the register at the start", "Wh"),
    Column("meter_stop_wh", Kind.EXACT, "the register at the end", "Wh"),
    Column("state", Kind.WORD, "active, ended, or awaiting_reconciliation"),
    Column("reason", Kind.WORD, "why it stopped"),
    Column("flags", Kind.WORDS, "what is odd about it"),
    Column("offline", Kind.FLAG, "whether the charger started it without us"),
)

SAMPLES = (
    CHARGER,
    EVSE,
    CONNECTOR,
    Column("bucket", Kind.INSTANT, "the beginning of the quarter of an hour"),
    Column("samples", Kind.WHOLE, "how many readings there are", sql="n"),
    Column("power_samples", Kind.WHOLE, "how many of them tell a power", sql="power_n"),
    Column(
        "power_mean_w",
        Kind.WHOLE,
        "mean of the powers told",
        "W",
        "round(power_sum / nullif(power_n, 0))::bigint",
    ),
    Column("power_max_w", Kind.WHOLE, "the highest power told", "W", "round(power_max::numeric)::bigint"),
    Column(
        "soc_max_pct", Kind.WHOLE, "the highest state of charge told", "%", "round(soc_max::numeric)::bigint"
    ),
    Column("register_min_wh", Kind.EXACT, "the lowest import register", "Wh", "energy_min_wh"),
    Column("register_max_wh", Kind.EXACT, "the highest import register", "Wh", "energy_max_wh"),
)

STATUS_CHANGES = (
    Column("position", Kind.WHOLE, "of the event in the log"),
    CHARGER,
    EVSE,
    CONNECTOR,
    Column("status", Kind.WORD, "Available, Occupied, Reserved, Unavailable or Faulted"),
    Column("activity", Kind.WORD, "the finer word of 1.6; empty where there is none"),
    Column("error_code", Kind.WORD, "empty where there is none"),
    Column("vendor_error_code", Kind.WORD, "empty where there is none"),
    Column("recorded_at", Kind.INSTANT, "our clock"),
    Column("occurred_at", Kind.INSTANT, "the charger's clock, as told"),
)

CONNECTOR_MINUTES = (
    CHARGER,
    EVSE,
    Column("begin_at", Kind.INSTANT, "our clock; where the stretch begins, or the date or range does"),
    Column("end_at", Kind.INSTANT, "our clock; where it ends, or the date, the range or the log does"),
    Column("seconds", Kind.EXACT, "between the two", "s", "extract(epoch FROM end_at - begin_at)"),
    Column("state", Kind.WORD, "up, charging, idle, down, unknown (offline) or absent"),
    Column("cause", Kind.WORD, "why it was down or is unknown; empty where there is none"),
    Column("detail", Kind.WORD, "the error code; empty where there is none"),
    Column(
        "proven_s",
        Kind.EXACT,
        "of an unknown stretch: in use, as sessions prove that were told of later",
        "s",
    ),
    Column("position", Kind.WHOLE, "of the event behind it in the log"),
)

COMMANDS = (
    Column("id", Kind.TEXT, "of the command; ordered by time"),
    CHARGER,
    Column("intent", Kind.WORD, "what was wanted"),
    Column("state", Kind.WORD, "queued, sent, or how it ended"),
    Column(
        "asked_by",
        Kind.WORD,
        "kind of who asked: user, key, job, zeus",
        sql="split_part(requested_by, ':', 1)",
    ),
    Column("protocol", Kind.WORD, "the charger's version of OCPP"),
    Column("action", Kind.WORD, "what it is called on the wire"),
    Column("requested_at", Kind.INSTANT, "our clock"),
    Column("sent_at", Kind.INSTANT, "our clock"),
    Column("finished_at", Kind.INSTANT, "our clock"),
    Column("status", Kind.WORD, "the charger's own word"),
    Column("code", Kind.WORD, "of its CALLERROR"),
    Column("latency_ms", Kind.WHOLE, "from the frame to its answer", "ms"),
    Column(
        "effect",
        Kind.WORD,
        "observed, failed or missing; null: not looked for, or not yet",
        sql="effect_seen",
    ),
    Column("effect_at", Kind.INSTANT, "our clock, when the effect was seen"),
    Column(
        "effect_after_ms",
        Kind.WHOLE,
        "from the answer to the effect",
        "ms",
        "round(effect_after_s::numeric * 1000)::bigint",
    ),
)

# `\u0000` is no text to Postgres; every other sign that an event can hold is. The margin before the range is for
# clocks: an event is stored by the database's, some time after the gateway's told it.
_REPORTS = """(
    SELECT notification_id AS position, tenant, split_part(originator_id, '/', 3) AS charger,
           (fact->>'evse_id')::numeric AS evse_id, (fact->>'connector_id')::numeric AS connector_id,
           fact->>'status' AS status, coalesce(fact->>'activity', '') AS activity,
           coalesce(fact->>'error_code', '') AS error_code,
           coalesce(fact->>'vendor_error_code', '') AS vendor_error_code,
           (told->>'recorded_at')::timestamptz AS recorded_at, (told->>'occurred_at')::timestamptz AS occurred_at
      FROM (SELECT e.notification_id, e.tenant, e.originator_id, stated->'fact' AS fact, stated->'told' AS told
              FROM eventstore.stored_events e
             CROSS JOIN LATERAL (
                   SELECT replace(convert_from(e.state, 'UTF8'), '\\u0000', '\\ufffd')::jsonb AS stated) s
             WHERE e.topic = 'connector.status_reported'
               AND (%(begin)s::timestamptz IS NULL OR e.recorded_at >= %(begin)s::timestamptz - interval '1 day')
           ) AS reports
) AS status_changes"""

# A port is in a state until the next row begins; what is open ends with the range, or with the log if that is shorter.
_STRETCHES = """(
    SELECT cut.*, coalesce((
               SELECT extract(epoch FROM sum(upper(used) - lower(used)))
                 FROM (SELECT unnest(range_agg(
                              tstzrange(greatest(u.begin_at, cut.begin_at), least(u.end_at, cut.end_at)))) AS used
                         FROM ocpp_offline_use u
                        WHERE (u.tenant, u.charger, u.evse_id) = (cut.tenant, cut.charger, cut.evse_id)
                          AND u.begin_at < cut.end_at AND u.end_at > cut.begin_at AND cut.state = 'unknown') AS uses
               ), 0) AS proven_s
      FROM (SELECT tenant, charger, evse_id, greatest(since, day, %(begin)s::timestamptz) AS begin_at,
                   least(until, day + interval '1 day') AS end_at, state, cause, detail, position
              FROM (SELECT s.*, coalesce(lead(since) OVER port, least(%(end)s::timestamptz, head.at)) AS until
                      FROM ocpp_connector_states s
                     CROSS JOIN (SELECT recorded_at AS at FROM eventstore.stored_events
                                  ORDER BY notification_id DESC LIMIT 1) AS head
                     WHERE since < %(end)s
                    WINDOW port AS (PARTITION BY s.tenant, s.charger, s.evse_id ORDER BY s.since, s.position)
                   ) AS stretches
             CROSS JOIN LATERAL generate_series(
                   date_trunc('day', greatest(since, %(begin)s::timestamptz)), until, interval '1 day') AS day
           ) AS cut
     WHERE begin_at < end_at
) AS connector_minutes"""

_PLACED = """(
    SELECT s.*, c.site, c.vendor, c.model
      FROM ocpp_sessions s LEFT JOIN ocpp_chargers c ON (c.tenant, c.charger) = (s.tenant, s.charger)
) AS sessions"""

_INT32 = "least(greatest({0}, -2147483647), 2147483647)::integer"

DATASETS: tuple[Dataset, ...] = (
    Dataset(
        name="sessions",
        meaning="charging sessions, a row each, by the date of their start",
        read_models=("sessions", "status_board"),
        source=_PLACED,
        at="listed_at",
        order=("listed_at", "session"),
        columns=SESSIONS,
    ),
    Dataset(
        name="samples",
        meaning="what the meters told, a row a connector and quarter of an hour",
        read_models=("meter_samples",),
        source="ocpp_meter_15m",
        at="bucket",
        order=("charger", "evse_id", "connector_id", "bucket"),
        columns=SAMPLES,
    ),
    Dataset(
        name="status_changes",
        meaning="every report of a status, also where it repeats the one before",
        read_models=(LOG,),
        source=_REPORTS,
        at="recorded_at",
        order=("position",),
        columns=tuple(
            msgspec.structs.replace(one, sql=_INT32.format(one.name)) if one.kind is Kind.NUMBER else one
            for one in STATUS_CHANGES
        ),
    ),
    Dataset(
        name="connector_minutes",
        meaning="what each port was in, a row a stretch of one state, cut at midnight (UTC)",
        read_models=("availability",),
        source=_STRETCHES,
        at="begin_at",
        order=("charger", "evse_id", "begin_at"),
        columns=CONNECTOR_MINUTES,
    ),
    Dataset(
        name="commands",
        meaning="what was asked of chargers and what became of it",
        read_models=("commands",),
        source="ocpp_commands",
        at="requested_at",
        order=("id",),
        columns=COMMANDS,
    ),
)
