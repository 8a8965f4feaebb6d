"""The table `zeus_tenants`: a row a tenant."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

TENANTS = Table(
    "zeus_tenants",
    METADATA,
    Column("tenant", _KEY, primary_key=True),  # its slug
    Column("name", Text),
    Column("founded_at", _TIME),  # null for the one of the settings, where it was merely suspended
    Column("suspended_at", _TIME),
    Column("reason", Text),
)
