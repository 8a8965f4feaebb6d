"""The table `ocpp_reservations`: a row a reservation, with the terms the charger agreed to last."""

from sqlalchemy import Column, Computed, DateTime, Index, Integer, MetaData, Table, Text, text

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)
OPEN = ("requested", "active", "unknown")
"""The states in which it takes its place."""
_IS_OPEN = text("state IN ('requested', 'active', 'unknown')")

RESERVATIONS = Table(
    "ocpp_reservations",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("reservation_id", Integer, primary_key=True),
    Column("evse_id", Integer, nullable=False),  # 0: any
    Column("connector_id", Integer),
    Column("token", Text, nullable=False),
    Column("kind", Text),
    Column("group", Text),
    Column("expires_at", _TIME, nullable=False),
    Column("state", _KEY, nullable=False),  # OPEN, `used`, `expired`, `cancelled`, `refused`, `lost`
    Column("made_at", _TIME, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("command", Text, nullable=False),  # the newest that asks for it, or for its end
    Column("settled_at", _TIME),  # when the charger last answered a request for it
    Column("refusal", Text),  # the newest: of it, of new terms, or of its cancellation
    Column("ended_at", _TIME),
    Column("ended_by", Text),  # who cancelled, what used it, why it was lost or refused
    Column("session", _KEY),  # that used it
    Column("mismatch", Text),  # the newest transaction that did not fit it, and why
    Column("mismatch_session", _KEY),
    # A column and not an expression: under row-level security an index helps only with what cannot leak, and the
    # comparison of two texts cannot, `upper` might.
    Column("token_key", _KEY, Computed("upper(token)", persisted=True)),
    Index("ocpp_reservations_newest", "tenant", "made_at", "charger", "reservation_id"),
    Index("ocpp_reservations_charger", "tenant", "charger", "made_at", "reservation_id"),
    Index("ocpp_reservations_token", "tenant", "token_key", "made_at"),
    Index("ocpp_reservations_due", "expires_at", postgresql_where=_IS_OPEN),
    postgresql_with={"fillfactor": 80},
)
