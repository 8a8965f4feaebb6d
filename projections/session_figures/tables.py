"""A row a session with its figures as they are now, every change of them, and its register by the quarter of an hour.

A row says at which position it changed last. As of an earlier one, its figures are made of the changes up to
there: a late end or a correction changes what is known now, and not what was known then.
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
)
from sqlalchemy import text as sql

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

BEGIN_AT = "coalesce(started_at, ended_at)"
END_AT = "greatest(started_at, ended_at)"
"""A session without start is placed at its end, and the other way round; no session has less than no length."""

FIGURES = Table(
    "ocpp_session_figures",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("session", _KEY, primary_key=True),  # its public id
    Column("transaction", Text, nullable=False),  # stream id
    Column("charger", _KEY, nullable=False),
    Column("evse_id", Integer),
    Column("connector_id", Integer),
    Column("id_token", Text),
    Column("started_at", _TIME),  # the charger's clock; ours where that one is not sane
    Column("ended_at", _TIME),
    Column("energy_wh", BigInteger),  # as settled; NULL where it cannot be known, or not yet
    Column("meter_start_wh", Numeric),
    Column("settled", Boolean, nullable=False, server_default=sql("false")),
    Column("begin_at", _TIME, Computed(BEGIN_AT, persisted=True)),
    Column("end_at", _TIME, Computed(END_AT, persisted=True)),
    Column("first_position", BigInteger),
    Column("changed_position", BigInteger, nullable=False),
    Index("ocpp_session_figures_begin", "tenant", "begin_at", "session"),
    Index("ocpp_session_figures_end", "tenant", "end_at"),
    Index("ocpp_session_figures_charger", "tenant", "charger", "begin_at"),
    Index("ocpp_session_figures_changed", "tenant", "changed_position"),
    postgresql_with={"fillfactor": 80},
)

CHANGES = Table(
    "ocpp_session_changes",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("session", _KEY, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),  # started, ended, settled or token
    Column("event", Text, nullable=False),  # stream@version
    Column("recorded_at", _TIME, nullable=False),  # our clock
    Column("at", _TIME),
    Column("evse_id", Integer),
    Column("connector_id", Integer),
    Column("id_token", Text),
    Column("energy_wh", BigInteger),
    Column("meter_start_wh", Numeric),
    Index("ocpp_session_changes_recorded", "tenant", "recorded_at", "position"),
)

REGISTERS = Table(
    "ocpp_session_registers",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("session", _KEY, primary_key=True),
    Column(
        "quarter", BigInteger, primary_key=True
    ),  # quarters of an hour since 1970; the first reading in each
    Column("at", _TIME, nullable=False),
    Column("register_wh", Numeric, nullable=False),
    Column("position", BigInteger, nullable=False),
)
