"""The table `ocpp_alarms`: a row an alarm, from the moment it is raised."""

from sqlalchemy import BigInteger, Column, DateTime, Index, MetaData, Table, Text, text

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

ALARMS = Table(
    "ocpp_alarms",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("id", _KEY, primary_key=True),  # ordered by time
    Column("subject", _KEY),  # the charger's key, or address:<address>
    Column("kind", _KEY),
    Column("severity", _KEY),  # critical, warning or info
    Column("words", Text),
    Column("info", Text),  # what others said of it
    Column("source", _KEY),  # stream@version of the first event behind it
    Column("raised_at", _TIME),
    Column("last_at", _TIME),
    Column("count", BigInteger, nullable=False, server_default=text("0")),
    Column("acknowledged_at", _TIME),
    Column("acknowledged_by", Text),
    Column("note", Text),
    Column("cleared_at", _TIME),  # null: open
    Column("cleared_by", Text),
    Column("cleared_why", Text),
    Index("ocpp_alarms_subject", "tenant", "subject", "id"),
    Index("ocpp_alarms_open", "tenant", "id", postgresql_where=text("cleared_at IS NULL")),
)
