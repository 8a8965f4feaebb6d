"""What a port was in, as changes that are only ever added: each with the position and the event behind it.

A change holds the seconds its port had spent in each state before it. The seconds of any period, in any time
zone, as of any position of the log, are therefore a difference of two rows, however long the period is.
"""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from projections.machines import machines_table

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

SIGNALS = Table(
    "ocpp_availability_signals",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at", _TIME, nullable=False),  # our clock
    Column("event", Text, nullable=False),  # stream@version
    Column("evse_id", Integer, nullable=False),  # 0: the charger itself, or the message names none
    Column("connector_id", Integer, nullable=False),
    Column("word", Text, nullable=False),  # the status, the connection, the standing, the charging state
    Column("detail", Text, nullable=False),  # the error code
    Column("activity", Text, nullable=False),
    Column("told_at", _TIME),  # the charger's clock
    Column("subject", Text, nullable=False),  # the transaction's stream
    Column("number", BigInteger, nullable=False),  # seconds of clock skew
)

STATIONS = machines_table("ocpp_availability_stations", METADATA)

STATES = Table(
    "ocpp_connector_states",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("since", _TIME, primary_key=True),  # our clock, whole seconds; it ends where the next one begins
    Column("position", BigInteger, primary_key=True),
    Column("state", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("up_s", BigInteger, nullable=False),  # the seconds in each state before this one
    Column("charging_s", BigInteger, nullable=False),
    Column("idle_s", BigInteger, nullable=False),
    Column("down_s", BigInteger, nullable=False),
    Column("unknown_s", BigInteger, nullable=False),
    Column("absent_s", BigInteger, nullable=False),
)

PORTS = Table(
    "ocpp_availability_ports",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),  # where it was first heard of
)

OFFLINE_USE = Table(
    "ocpp_offline_use",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("session", _KEY, primary_key=True),  # its public id
    Column("position", BigInteger, primary_key=True),  # where its later end became known
    Column("begin_at", _TIME, primary_key=True),
    Column("end_at", _TIME, nullable=False),
)

EXCLUSIONS = Table(
    "ocpp_exclusions",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("id", _KEY, primary_key=True),
    Column("charger", _KEY),
    Column("evse_id", Integer),  # 0: every port
    Column("cause", Text),
    Column("begin_at", _TIME),
    Column("end_at", _TIME),
    Column("evidence", Text),
    Column("artefact", Text),
    Column("formulas", ARRAY(Text(collation="C"))),
    Column("approved_by", Text),
    Column("declared_by", Text),
    Column("declared_at", _TIME),
    Column("position", BigInteger),
    Column("event", Text),
    Column("withdrawn_by", Text),
    Column("withdrawn_at", _TIME),
    Column("withdrawn_reason", Text),
    Column("withdrawn_position", BigInteger),
    Column("withdrawn_event", Text),
    Index("ocpp_exclusions_charger", "tenant", "charger", "begin_at"),
)

RATINGS = Table(
    "ocpp_port_ratings",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("rated_w", BigInteger, nullable=False),
)

TRAITS = Table(
    "ocpp_charger_traits",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("kind", _KEY, primary_key=True),  # site or hardware
    Column("position", BigInteger, primary_key=True),
    Column("site", Text),
    Column("vendor", Text),
    Column("model", Text),
    Column("firmware", Text),
)
