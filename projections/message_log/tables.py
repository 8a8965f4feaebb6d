"""The table `ocpp_messages`: a row an exchange, partitioned by our clock, dropped by the partition.

The key is the order of every list: tenant, time, place in the log.
"""

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Index, MetaData, Table, Text, text

METADATA = MetaData()
_KEY = Text(collation="C")

MESSAGES = Table(
    "ocpp_messages",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),  # our clock, when the frame was read
    Column("position", BigInteger, primary_key=True),  # its place in the event log
    Column("charger", _KEY, nullable=False),  # empty where the stream is about none
    Column("direction", Text, nullable=False),  # `in`: from the charger; `out`: to it
    Column("kind", Text, nullable=False),  # call, send, answer, unreadable
    Column("message_id", Text),
    Column("action", _KEY),  # NULL in answers and where none can be read
    Column("event", Text, nullable=False),  # what we made of it: the fact's stored name
    Column("error_code", Text),  # of the CALLERROR, whoever sent it
    Column("request", Text, nullable=False),  # the frame as received; NUL shown as U+FFFD
    Column("reply", Text),  # the frame sent back; NULL where silence is the answer
    Column("repairs", ARRAY(Text)),  # what was mended before it could be read
    Column("connection", Text),
    Column("stream", Text, nullable=False),
    Index("ocpp_messages_charger", "tenant", "charger", "at", "position"),
    Index("ocpp_messages_action", "tenant", "action", "at", "position"),
    Index(
        "ocpp_messages_errors",
        "tenant",
        "at",
        "position",
        postgresql_where=text("error_code IS NOT NULL"),
    ),
    postgresql_partition_by="RANGE (at)",
)
