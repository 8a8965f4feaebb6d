"""The table `ocpp_local_lists`: a row a charger that should keep a list of tokens, or told of one.

States: `none` – nobody wants a list; `given_up` – the charger cannot hold it, see `reason`; `unknown` – which
version it holds has to be asked; `reached` – it holds the wanted one; `pending` – it holds another one, or a part.
"""

from sqlalchemy import BigInteger, Boolean, Column, Computed, DateTime, Integer, MetaData, Table, Text, text

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

STATE = """
CASE WHEN wanted_version IS NULL THEN 'none'
     WHEN reason IS NOT NULL THEN 'given_up'
     WHEN held_version IS NULL THEN 'unknown'
     WHEN held_version = wanted_version AND sent_version = wanted_version AND NOT whole_next THEN 'reached'
     ELSE 'pending' END
"""

LOCAL_LISTS = Table(
    "ocpp_local_lists",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("wanted_version", BigInteger),
    Column("wanted_at", _TIME),
    Column("entries", BigInteger),  # how many tokens are on the wanted list
    Column("held_version", BigInteger),  # as last told; 0: none, -1: it keeps no lists; NULL: not known
    Column("held_at", _TIME),
    Column("sent_version", BigInteger),  # of the last part that the charger took, or may have taken
    Column("sent_at", _TIME),
    Column("parts_left", Integer, nullable=False, server_default=text("0")),
    Column("whole_next", Boolean, nullable=False, server_default=text("false")),  # after a refusal
    Column("state", Text, Computed(STATE, persisted=True)),
    Column("refused", Text),  # the last refusal, until a part is taken
    Column("reason", Text),  # why it was given up
    Column("failure", Text),  # why the last question led to nothing, until one does not
    postgresql_with={"fillfactor": 80},
)
