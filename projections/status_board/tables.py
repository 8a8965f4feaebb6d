"""The tables `ocpp_chargers` and `ocpp_connectors`: one narrow row each, updated in place.

Heap with fillfactor 70 and no index on what changes: all updates stay on their page (HOT). At 10,000
chargers a filter reads the whole table in a few milliseconds; an index would cost every heartbeat.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

CHARGERS = Table(
    "ocpp_chargers",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),  # the id in upper case: ids are compared without case
    Column("cpid", Text, nullable=False),  # as registered
    Column("name", Text, nullable=False, server_default=text("''")),
    Column("security_profile", Integer),
    Column("standing", Text, nullable=False, server_default=text("'active'")),  # or disabled, retired
    Column("standing_reason", Text),  # why it is disabled or retired
    Column("site", Text),
    Column("node", Text),
    Column("model_profile", Text),
    Column("planned_connectors", JSONB),  # as the operator described them
    Column("networks", ARRAY(Text)),  # where it may come from while it needs no password
    Column("credential", Text),  # names the valid password
    Column("credential_since", _TIME),
    Column("credential_first_use", Boolean),  # it was taken from the charger by an open window
    Column("offered_at", _TIME),  # a new password was sent; NULL once that is settled
    Column("revision", BigInteger),  # the stream's version at the newest fact an operator wrote
    Column("auto_accept_until", _TIME),
    Column("acceptance", Text),  # what the operator decided for the next boot; NULL: accept
    Column("boot_status", Text),  # what the last boot was answered
    Column("booted_at", _TIME),  # the last restart; a repeated boot is none
    Column("boot_reason", Text),
    Column("vendor", Text),
    Column("model", Text),
    Column("serial", Text),
    Column("box_serial", Text),
    Column("firmware", Text),
    Column("iccid", Text),
    Column("imsi", Text),
    Column("meter_type", Text),
    Column("meter_serial", Text),
    Column("heartbeat_interval_s", Integer),
    Column("online", Boolean, nullable=False, server_default=text("false")),
    Column("protocol", Text),
    Column("connection", Text),  # NULL when offline
    Column("connected_at", _TIME),
    Column("disconnected_at", _TIME),
    Column("disconnect_code", Integer),
    Column("disconnect_reason", Text),
    Column("offline_at", _TIME),  # when it was said to be offline; NULL while it is not
    Column("gateway", Text),
    Column("remote", Text),
    Column("path", Text),
    Column("user_agent", Text),
    Column("flags", ARRAY(Text)),  # what an installer should put right, of the last handshake
    Column("last_seen", _TIME),  # our clock, at its last message
    Column("clock_skew_s", BigInteger),  # positive: the charger's clock is behind
    Column("registered_at", _TIME),
    postgresql_with={"fillfactor": 70},
)

CONNECTORS = Table(
    "ocpp_connectors",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("evse_id", Integer, primary_key=True),  # 0: the charger itself
    Column("connector_id", Integer, primary_key=True),
    Column("status", Text),
    Column("activity", Text),
    Column("error_code", Text),
    Column("info", Text),
    Column("vendor_id", Text),
    Column("vendor_error_code", Text),
    Column("since", _TIME),  # when status, activity or error changed, by the charger's clock if it is sane
    Column("reported_at", _TIME),  # our clock
    Column("ordered_at", _TIME),  # what decides which of two reports is the newer one
    Column("last_transaction", Text),  # stream id of what runs here, or ran last
    Column("session", Text),  # public id of what runs here; NULL when nothing does
    Column("session_started_at", _TIME),
    Column("charging_state", Text),
    Column("power_w", DOUBLE_PRECISION),
    Column("energy_wh", BigInteger),  # of the running session
    Column("register_wh", Numeric),
    Column("soc_pct", DOUBLE_PRECISION),
    Column("metered_at", _TIME),  # our clock, at the newest readings
    postgresql_with={"fillfactor": 70},
)
