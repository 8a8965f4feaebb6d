"""The table `ocpp_id_tags`: a row a token, whether an operator registered it or a driver merely showed it."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text, text

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

ID_TAGS = Table(
    "ocpp_id_tags",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("token", _KEY, primary_key=True),  # the pseudonym; from before sealing: the token in upper case
    Column("value", Text),  # the same; from before sealing: as registered, else as shown
    Column("kind", Text),
    Column("registered", Boolean, nullable=False, server_default=text("false")),
    Column("registered_at", _TIME),
    Column("blocked", Boolean, nullable=False, server_default=text("false")),
    Column("block_reason", Text),
    Column("group", Text),
    Column("label", Text),
    Column("expires_at", _TIME),
    Column("max_active", Integer),
    Column("active", BigInteger, nullable=False, server_default=text("0")),  # counted only under a limit
    Column("presented", BigInteger, nullable=False, server_default=text("0")),
    Column("first_seen", _TIME),
    Column("first_charger", Text),
    Column("last_seen", _TIME),
    Column("last_charger", Text),
    Column("last_verdict", Text),
    Column("erased_at", _TIME),  # its owner was erased: nobody can tell any more what it was
    Index("ocpp_id_tags_unknown", "tenant", "token", postgresql_where=text("NOT registered")),
    postgresql_with={"fillfactor": 80},
)
