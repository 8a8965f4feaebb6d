"""The table `zeus_api_tokens`: a row a token. Nothing of its secret is in it, not even the digest."""

from sqlalchemy import ARRAY, Column, DateTime, MetaData, Table, Text

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

API_TOKENS = Table(
    "zeus_api_tokens",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("id", _KEY, primary_key=True),
    Column("name", Text),
    Column("role", Text),
    Column("rights", ARRAY(Text)),  # the only ones of the role; null: all of them
    Column("chargers", ARRAY(Text)),  # the only ones; null: all of them
    Column("issued_at", _TIME),
    Column("issued_by", Text),
    Column("expires_at", _TIME),
    Column("last_seen_at", _TIME),  # within the hour
    Column("revoked_at", _TIME),
    Column("revoked_by", Text),
    Column("revoke_reason", Text),
    postgresql_with={"fillfactor": 80},
)
