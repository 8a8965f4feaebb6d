"""What a charger tells of a transaction, in one form for every version."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.identity import IdToken
from domain.metering import Sample


class Phase(StrEnum):
    """Where in its life the transaction is, as the charger tells it."""

    STARTED = "started"
    UPDATED = "updated"
    ENDED = "ended"


class TransactionReport(msgspec.Struct, frozen=True, kw_only=True):
    """1.6 StartTransaction, MeterValues and StopTransaction; 2.x TransactionEvent."""

    phase: Phase
    at: datetime | None
    """The charger's clock (UTC); None where the time could not be read."""
    reference: str = ""
    """2.x: the charger's transactionId."""
    number: int | None = None
    """1.6: the number we gave it, as the charger repeats it; -1 where it never learned it."""
    evse_id: int | None = None
    connector_id: int | None = None
    seq_no: int | None = None
    trigger: str = ""
    charging_state: str = ""
    id_token: IdToken | None = None
    samples: tuple[Sample, ...] = ()
    reason: str = ""
    offline: bool = False
    reservation_id: int | None = None
    remote_start_id: int | None = None
