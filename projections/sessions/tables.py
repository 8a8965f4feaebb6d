"""The table `ocpp_sessions`: a row a transaction, filled in whatever order its story is told.

States: `active` – it runs as far as anybody knows; `ended` – start and end were reported, or the end was
waited for in vain and it was closed (`closed_at`); `awaiting_reconciliation` – another transaction took its
connector before its end was reported, or its connector is free and nothing was heard of it since, or an end
came for which no start ever did. A late start or end settles the latter by itself.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

STATE = """
CASE WHEN (ended_at IS NOT NULL AND started_at IS NOT NULL) OR closed_at IS NOT NULL THEN 'ended'
     WHEN ended_at IS NOT NULL OR superseded_by IS NOT NULL THEN 'awaiting_reconciliation'
     WHEN stale_at IS NOT NULL AND (metered_at IS NULL OR metered_at < stale_at) THEN 'awaiting_reconciliation'
     ELSE 'active' END
"""

SESSIONS = Table(
    "ocpp_sessions",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("session", _KEY, primary_key=True),  # public id, made of the transaction's stream id
    Column("transaction", Text, nullable=False),  # stream id
    Column("charger", _KEY, nullable=False),
    Column("evse_id", Integer),
    Column("connector_id", Integer),
    Column("number", BigInteger),  # 1.6 transactionId, given by us
    Column("reference", Text),  # 2.x transactionId, given by the charger
    Column("id_token", Text),
    Column("id_token_kind", Text),
    Column("verdict", Text),  # what we said of the token
    Column("stop_token", Text),
    Column("stop_token_kind", Text),
    Column("started_at", _TIME),  # the charger's clock, as told; NULL until a start is reported
    Column("ended_at", _TIME),
    Column("listed_at", _TIME, nullable=False),  # where lists put it: the start, if that time is sane
    Column("reported_at", _TIME, nullable=False),  # our clock, at the first word of it
    Column("end_reported_at", _TIME),
    Column("meter_start_wh", Numeric),
    Column("meter_stop_wh", Numeric),
    Column("register_wh", Numeric),  # the newest trusted register
    Column("live_wh", BigInteger),  # energy as the readings tell it
    Column("settled_wh", BigInteger),  # energy as settled after the end; NULL where it cannot be known
    Column("settled", Boolean, nullable=False, server_default=text("false")),
    Column(
        "energy_wh",
        BigInteger,
        Computed("CASE WHEN settled THEN settled_wh ELSE live_wh END", persisted=True),
    ),
    Column("superseded_by", Text),  # stream id
    Column("state", Text, Computed(STATE, persisted=True)),
    Column("charging_state", Text),
    Column("reason", Text),  # why it stopped
    Column("flags", ARRAY(Text(collation="C")), nullable=False, server_default=text("'{}'")),
    Column("offline", Boolean),
    Column("reservation_id", BigInteger),
    Column("remote_start_id", BigInteger),
    Column("last_sample_at", _TIME),
    Column("metered_at", _TIME),  # our clock, at the newest readings
    Column("stale_at", _TIME),  # our clock, since when its end is waited for
    Column("stale_why", Text),
    Column("closed_at", _TIME),  # our clock, when it was closed for want of a reported end
    Column("signed_state", Text, nullable=False, server_default=text("'none'")),  # of its signed meter values
    Column("signed_reasons", Text, nullable=False, server_default=text("''")),  # why not valid, with commas
    Column("signed_wh", Numeric),  # of the signed register, when they were valid last
    Column(
        "signed_energy_wh",
        Numeric,
        Computed("CASE WHEN signed_state = 'valid' THEN signed_wh END", persisted=True),
    ),
    Column("signed_meter", Text),
    # A column and not an expression: under row-level security an index helps only with what cannot leak, and the
    # comparison of two texts cannot, `upper` might.
    Column("token_key", Text(collation="C"), Computed("upper(id_token)", persisted=True)),
    Index("ocpp_sessions_newest", "tenant", "listed_at", "session"),
    Index("ocpp_sessions_charger", "tenant", "charger", "listed_at", "session"),
    Index("ocpp_sessions_token", "tenant", "token_key", "listed_at", "session"),
    Index(
        "ocpp_sessions_open",
        "tenant",
        "state",
        "listed_at",
        "session",
        postgresql_where=text("state <> 'ended'"),
    ),
    Index(
        "ocpp_sessions_flagged",
        "tenant",
        "listed_at",
        "session",
        postgresql_where=text("flags <> '{}'"),
    ),
    postgresql_with={"fillfactor": 70},
)
