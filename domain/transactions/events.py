"""Facts of a charging transaction."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from domain.event import Fact
from domain.identity import IdToken
from domain.metering import Sample
from domain.transactions.anomalies import Anomaly
from domain.transactions.energy import EnergyRecord
from domain.transactions.interpretation import Interpretation


class Started(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A transaction began."""

    TOPIC = "transaction.started"
    evse_id: int
    connector_id: int
    at: datetime
    """The charger's clock; ours where it told none (then flagged `time_unknown`)."""
    id_token: IdToken | None = None
    verdict: str = ""
    """What we said of the token; empty where none was presented."""
    meter_start_wh: Decimal | None = None
    number: int = 0
    """The number given to a 1.6 charger; 0 in 2.x, where the charger names its transactions itself."""
    reference: str = ""
    """The charger's own transaction id (2.x)."""
    charging_state: str = ""
    offline: bool = False
    reservation_id: int | None = None
    remote_start_id: int | None = None
    samples: tuple[Sample, ...] = ()
    flags: tuple[Anomaly, ...] = ()


class Metered(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Readings during a transaction."""

    TOPIC = "transaction.metered"
    evse_id: int
    connector_id: int
    samples: tuple[Sample, ...]
    register_wh: Decimal | None = None
    """The newest trusted import register."""
    energy_wh: int | None = None
    """Energy since the start; never decreases; None while no start reading is known."""
    flags: tuple[Anomaly, ...] = ()


class ChargingStateChanged(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Charging, suspended by the car or by the charger, connected, idle."""

    TOPIC = "transaction.charging_state_changed"
    state: str
    at: datetime


class Noted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """An update that brought neither readings nor a new state, kept for the record."""

    TOPIC = "transaction.noted"
    trigger: str
    at: datetime


class TokenShown(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A token was presented during the transaction, after its start."""

    TOPIC = "transaction.token_shown"
    id_token: IdToken
    verdict: str
    at: datetime


class Ended(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger reported the end."""

    TOPIC = "transaction.ended"
    evse_id: int
    connector_id: int
    at: datetime
    reason: str = ""
    id_token: IdToken | None = None
    """The token that stopped it, where one did."""
    samples: tuple[Sample, ...] = ()
    flags: tuple[Anomaly, ...] = ()


class Correction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person corrects with a repair."""

    repair: str
    """The id of the repair."""
    reason: str
    before_wh: int | None
    """What stood there until then."""
    rule: Interpretation
    edition: int
    """Of the energy rules."""
    energy: EnergyRecord
    """The register as it is read now: what comes late is read by the same rule."""


class EnergySettled(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The energy of the ended transaction; a later one takes its place: a late message brought more, or a person
    corrects how the register is read."""

    TOPIC = "transaction.energy_settled"
    energy_wh: int | None
    """None where no two readings allow a figure: energy is never invented."""
    meter_start_wh: Decimal | None = None
    meter_stop_wh: Decimal | None = None
    flags: tuple[Anomaly, ...] = ()
    signed: bool = False
    """Among its readings are signed meter values, which are verified behind this."""
    correction: Correction | None = None
    """Where a person corrects it."""


class Staleness(StrEnum):
    """What says that a transaction is over although its end was not reported."""

    CONNECTOR_FREE = "connector_free"
    CHARGER_RETIRED = "charger_retired"


class Superseded(Fact, frozen=True):
    """Another transaction started on the connector before this one's end was reported."""

    TOPIC = "transaction.superseded"
    by: str
    """The other transaction's stream."""


class FoundStale(Fact, frozen=True):
    """It runs in the books, and everything says that it does not: its end was probably lost."""

    TOPIC = "transaction.found_stale"
    why: Staleness


class ClosedUnreported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Its end was waited for in vain; a late one still counts, and corrects the energy."""

    TOPIC = "transaction.closed_unreported"
    at: datetime
    """The charger's clock, at the last thing it measured; its start, where it measured nothing."""
    waited_s: int


class NumberClaimed(Fact, frozen=True):
    """A 1.6 transaction number was given out; the store's key on its stream makes it unique."""

    TOPIC = "transaction_number.claimed"
    number: int
    transaction: str
    """The transaction's stream."""
