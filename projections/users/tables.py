"""The table `zeus_users`: a row a person. `login` and `name` are null once the person was erased."""

from sqlalchemy import Boolean, Column, DateTime, MetaData, Table, Text

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

USERS = Table(
    "zeus_users",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("id", _KEY, primary_key=True),
    Column("login", Text),
    Column("name", Text),
    Column("role", Text),
    Column("provider", Text),
    Column("added_at", _TIME),
    Column("added_by", Text),
    Column("invited_until", _TIME),  # null where no invitation is open
    Column("password", Boolean),
    Column("authenticator", Boolean),
    Column("signed_in_at", _TIME),
    Column("refused_at", _TIME),
    Column("locked_at", _TIME),
    Column("disabled_at", _TIME),
    Column("disabled_by", Text),
    Column("reason", Text),  # of the disabling or the erasure
    Column("erased_at", _TIME),
    postgresql_with={"fillfactor": 80},
)
