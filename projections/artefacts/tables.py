"""The table `ocpp_artefacts`: a row a file, from the moment it is stored or a charger is asked for it."""

from sqlalchemy import BigInteger, Column, DateTime, Index, MetaData, Table, Text, text

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

ARTEFACTS = Table(
    "ocpp_artefacts",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("id", _KEY, primary_key=True),  # ordered by time
    Column("kind", _KEY),  # firmware or upload
    Column("name", Text),
    Column("charger", _KEY),  # that sent it, or was asked to
    Column("command", _KEY),  # that asked for it
    Column("size_bytes", BigInteger),
    Column("sha256", Text),
    Column("stored_at", _TIME),  # null: still awaited
    Column("stored_by", Text),
    Column("remote", Text),  # where an upload came from
    Column("withdrawn_at", _TIME),
    Column("withdraw_reason", Text),
    Column("links", BigInteger, nullable=False, server_default=text("0")),  # signed URLs made
    Column("last_link_at", _TIME),
    Column("last_link_charger", _KEY),
    Column("last_link_expires_at", _TIME),
    Column("fetches", BigInteger, nullable=False, server_default=text("0")),  # complete ones
    Column("bytes_sent", BigInteger, nullable=False, server_default=text("0")),
    Column("last_fetched_at", _TIME),
    Index("ocpp_artefacts_charger", "tenant", "charger", "id"),
    Index("ocpp_artefacts_command", "tenant", "command"),
    postgresql_with={"fillfactor": 80},
)
