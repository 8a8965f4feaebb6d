"""The table `ocpp_connection_attempts`: handshakes, let in or refused; partitioned as the message log is."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

METADATA = MetaData()
_KEY = Text(collation="C")

ATTEMPTS = Table(
    "ocpp_connection_attempts",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("position", BigInteger, primary_key=True),  # its place in the event log
    Column("charger", _KEY, nullable=False),  # the id in upper case, empty where none was shown
    Column("cpid", Text, nullable=False),  # as shown
    Column("accepted", Boolean, nullable=False),
    Column("reason", Text),  # why not: a reason code
    Column("status", Integer),  # HTTP status or WebSocket close code
    Column("hint", Text),
    Column("remote", Text),
    Column("path", Text),
    Column("subprotocols", ARRAY(Text)),
    Column("user_agent", Text),
    Column("known", Boolean, nullable=False),  # a charger of this id was registered at that moment
    Column("count", BigInteger, nullable=False),  # how many equal attempts this row stands for
    Column("protocol", Text),
    Column("security_profile", Integer),
    Column("connection", Text),
    Column("gateway", Text),
    Column("flags", ARRAY(Text)),
    Index("ocpp_connection_attempts_charger", "tenant", "charger", "at", "position"),
    postgresql_partition_by="RANGE (at)",
)
