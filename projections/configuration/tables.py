"""The tables `ocpp_configuration`, a row a setting of a charger, and `ocpp_configured_chargers`, a row a charger.

`state` and `drift` are made of the other columns: see `domain/desired_state/goals.py`, which says the same.
"""

from sqlalchemy import Boolean, Column, Computed, DateTime, Index, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from domain.desired_state.goals import UNLOCK_ON_UNPLUG

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

_DESIRED = "CASE WHEN by_operator THEN operator_value ELSE template_value END"
_MEANT = "CASE WHEN by_operator THEN operator_meaning ELSE template_meaning END"
_DIFFERS = f"(told AND (by_operator OR by_template) AND meaning IS DISTINCT FROM ({_MEANT}))"
_FIXED_CABLE = f"(readonly AND key = '{UNLOCK_ON_UNPLUG}')"
_NARROWED = "(narrowed_meaning IS NOT NULL AND narrowed_meaning IS NOT DISTINCT FROM meaning)"

STATE = f"""
CASE WHEN NOT (by_operator OR by_template) THEN 'free'
     WHEN unsupported THEN 'unsupported'
     WHEN given_up IS NOT NULL THEN 'given_up'
     WHEN awaiting_restart IS NOT NULL THEN 'awaiting_restart'
     WHEN NOT told THEN 'unread'
     WHEN NOT {_DIFFERS} THEN 'reached'
     WHEN {_FIXED_CABLE} THEN 'unsupported'
     WHEN readonly THEN 'read_only'
     WHEN {_NARROWED} THEN 'narrowed'
     ELSE 'pending' END
"""
DRIFT = f"{_DIFFERS} AND NOT {_FIXED_CABLE} AND NOT {_NARROWED}"

_NO = text("false")

CONFIGURATION = Table(
    "ocpp_configuration",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("key", _KEY, primary_key=True),  # the name in lower case: names are compared without case
    Column("name", Text, nullable=False),  # as the charger spells it, else as whoever wants it
    Column("value", Text),  # NULL where the charger gave none, and for every secret
    Column("readonly", Boolean, nullable=False, server_default=_NO),
    Column("secret", Boolean, nullable=False, server_default=_NO),
    Column("told", Boolean, nullable=False, server_default=_NO),  # the charger told it
    Column("unsupported", Boolean, nullable=False, server_default=_NO),  # the charger does not know it
    Column("read_at", _TIME),
    Column("desired", Text, Computed(_DESIRED, persisted=True)),
    Column("drift", Boolean, Computed(DRIFT, persisted=True)),
    Column("state", Text, Computed(STATE, persisted=True)),
    Column("by_operator", Boolean, nullable=False, server_default=_NO),
    Column("by_template", Boolean, nullable=False, server_default=_NO),
    Column("operator_value", Text),
    Column("template_value", Text),
    Column("meaning", Text),  # values in one spelling for all that mean the same
    Column("operator_meaning", Text),
    Column("template_meaning", Text),
    Column("narrowed_meaning", Text),
    Column("left_out", ARRAY(Text(collation="C"))),  # what a list has to do without
    Column("given_up", Text),  # why
    Column("awaiting_restart", Text),  # the value it will have
    Column("answered", Text),  # to the last write
    Column("written_at", _TIME),
    Column("failure", Text),  # of the last write that got no answer, until one does
    Index("ocpp_configuration_drift", "tenant", "charger", "key", postgresql_where=text("drift")),
    postgresql_with={"fillfactor": 80},
)

CONFIGURED_CHARGERS = Table(
    "ocpp_configured_chargers",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("template_choice", Text, nullable=False, server_default=text("''")),  # `auto`, a name, or none
    Column("template", Text),  # the one applied
    Column("read_at", _TIME),  # the last reading of everything
    Column("failure", Text),  # of the last reading, until one succeeds
    Column("writes_held_until", _TIME),  # the write budget was used up until then
    Column("restart_refused", Text),  # why what waits for a restart goes on waiting
    postgresql_with={"fillfactor": 80},
)
