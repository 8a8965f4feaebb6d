"""Attempts, faults and commands; each step of them with the position that says when it was known."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from projections.machines import machines_table

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

HEARD = Table(
    "ocpp_attempt_signals",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at", _TIME, nullable=False),  # our clock
    Column("event", Text, nullable=False),  # stream@version
    Column("evse_id", Integer, nullable=False),
    Column("connector_id", Integer, nullable=False),
    Column("word", Text, nullable=False),
    Column("activity", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("firmware", Text, nullable=False),
)

WATCHES = machines_table("ocpp_attempt_watches", METADATA)

ATTEMPTS = Table(
    "ocpp_attempts",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("attempt", BigInteger, primary_key=True),  # the position of its first event
    Column("evse_id", Integer),
    Column("begun_at", _TIME),  # our clock
    Column("protocol", Text),
    Column("vendor", Text),
    Column("model", Text),
    Column("firmware", Text),
    Column("plugged_position", BigInteger),
    Column("authorised_position", BigInteger),
    Column("refused_position", BigInteger),
    Column("verdict", Text),
    Column("started_position", BigInteger),
    Column("session", Text),  # public id
    Column("energised_position", BigInteger),
    Column("stopped_position", BigInteger),
    Column("reason", Text),
    Column("proper", Boolean),  # the driver or the car ended it
    Column("closed_position", BigInteger),
    Column("events", ARRAY(Text(collation="C"))),  # position, step and event
    Index("ocpp_attempts_begun", "tenant", "begun_at", "attempt"),
)

FAULTS = Table(
    "ocpp_faults",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("charger", _KEY),  # empty: somebody nobody knows
    Column("kind", Text),  # status, security, callerror, rubbish or refused
    Column("code", Text),
    Column("detail", Text),
    Column("evse_id", Integer),
    Column("connector_id", Integer),
    Column("at", _TIME),  # our clock
    Column("count", BigInteger),
    Column("event", Text),  # stream@version
    Column("protocol", Text),
    Column("vendor", Text),
    Column("model", Text),
    Column("firmware", Text),
    Column("cleared_at", _TIME),
    Column("cleared_position", BigInteger),
    Index("ocpp_faults_at", "tenant", "at", "position"),
)

COMMANDS = Table(
    "ocpp_command_figures",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("command", _KEY, primary_key=True),
    Column("charger", _KEY),
    Column("intent", Text),
    Column("requested_at", _TIME),
    Column("requested_position", BigInteger),
    Column("outcome", Text),  # agreed, refused, failed, timed_out, unknown or cancelled
    Column("outcome_position", BigInteger),
    Column("observed_position", BigInteger),  # what was asked for was seen to happen
    Index("ocpp_command_figures_requested", "tenant", "requested_at"),
)
