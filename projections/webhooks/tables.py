"""The table `zeus_webhooks`: a row a webhook. How its deliveries go is in `fleet.webhooks`, which is no projection."""

from sqlalchemy import ARRAY, Column, DateTime, Integer, MetaData, Table, Text

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

WEBHOOKS = Table(
    "zeus_webhooks",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("id", _KEY, primary_key=True),  # ordered by time
    Column("name", Text),
    Column("url", Text),
    Column("types", ARRAY(Text)),  # names or globs of messages; null: all but frames
    Column("chargers", ARRAY(Text)),  # keys; null: all
    Column("meter", _KEY),
    Column("condition", _KEY),  # active, paused, disabled or removed
    Column("reason", Text),  # of the condition
    Column("generation", Integer),  # the number of the secret in use; null: the first
    Column("former_until", _TIME),  # the former secret signs as well until then
    Column("defined_at", _TIME),
    Column("defined_by", Text),
    Column("changed_at", _TIME),
)
