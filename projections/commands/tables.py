"""The table `ocpp_commands`: a row a command, from the wish to its effect."""

from sqlalchemy import Column, DateTime, Float, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

COMMANDS = Table(
    "ocpp_commands",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("id", _KEY, primary_key=True),  # ordered by time
    Column("charger", _KEY, nullable=False),
    Column("intent", _KEY, nullable=False),  # what was wanted, in our words
    Column("request", JSONB, nullable=False),  # with its parameters
    Column("state", _KEY, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("reason", Text),
    Column("requested_at", _TIME, nullable=False),
    Column("send_before", _TIME, nullable=False),
    Column("protocol", Text),
    Column("action", Text),  # on the wire
    Column("sent_at", _TIME),
    Column("answer_before", _TIME),
    Column("gateway", Text),
    Column("finished_at", _TIME),
    Column("status", Text),  # the charger's own word
    Column("code", Text),  # of its CALLERROR
    Column("why", Text),
    Column("latency_ms", Integer),
    Column("step", Text),  # the newest step on the way to the effect
    Column("effect", Text),  # in words
    Column("effect_seen", Text),  # observed, failed, missing
    Column("effect_at", _TIME),
    Column("effect_after_s", Float),
    Index("ocpp_commands_charger", "tenant", "charger", "id"),
    Index("ocpp_commands_open", "state", postgresql_where=text("state IN ('queued', 'sent')")),
    postgresql_with={"fillfactor": 80},
)
