"""The table `ocpp_charging_profiles`: a row a profile of a charger.

States: `pending` – wanted, and the charger has not taken it yet; `installed` – wanted, and it has; `refused` – wanted,
and it would not; `withdrawn` – wanted no longer; `lapsed` – over by itself; `cleared` – over, and gone from the
charger too. Whether the charger holds something under the id, wanted or not, tells `installed`. A row stays when
its profile is over, until another profile takes the id.
"""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData()
_KEY = Text(collation="C")
_TIME = DateTime(timezone=True)

CHARGING_PROFILES = Table(
    "ocpp_charging_profiles",
    METADATA,
    Column("tenant", _KEY, primary_key=True),
    Column("charger", _KEY, primary_key=True),
    Column("profile_id", BigInteger, primary_key=True),
    Column("evse_id", Integer, nullable=False),  # 0: the charger, or (TxDefaultProfile) each of its EVSEs
    Column("purpose", Text, nullable=False),
    Column("stack_level", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("recurrency", Text),
    Column("transaction", Text),  # a TxProfile's, as the charger names it
    Column("valid_from", _TIME),
    Column("valid_to", _TIME),
    Column("origin", Text),  # operator, dlm or tariff
    Column("desired", JSONB),  # the schedules as wanted; NULL where nobody wants it
    Column("installed", JSONB),  # the schedules as the charger took them; NULL where it holds none
    Column("installed_evse_id", Integer),  # where it holds them
    Column("installed_at", _TIME),  # our clock
    Column("state", Text, nullable=False),
    Column("status", Text),  # the charger's own word to a refusal
    Column("reason", Text),
    Column("replaced_by", BigInteger),  # the profile that took its place
    Column("command", Text),  # the last one that changed something
    Column("wanted_at", _TIME),
    Column("ended_at", _TIME),  # since when nobody wants it
    Index(
        "ocpp_charging_profiles_open",
        "tenant",
        "state",
        "charger",
        "profile_id",
        postgresql_where=text("state IN ('pending', 'refused')"),
    ),
    postgresql_with={"fillfactor": 80},
)
