"""What goes on at a charger: its open transactions, and what each connector said it was doing."""

from datetime import datetime

import msgspec

CONNECTORS = 64
"""No charger has more; the state of one that invents numbers stays bounded."""
REUSED = 64
"""So many transaction ids used more than once are remembered."""


class OpenTransaction(msgspec.Struct, frozen=True):
    """A transaction whose end was not reported yet."""

    stream: str
    evse_id: int
    connector_id: int
    started_at: datetime
    reference: str = ""
    number: int = 0
    opened: int = 0
    """The version of the charger's stream at which it was opened: the order of the log, whatever clocks say."""


class Doing(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a connector was said to be doing, and since when."""

    activity: str = ""
    at: datetime | None = None
    status: str = ""
    heard_at: datetime | None = None
    """Our clock."""
    told: int = 0
    """The version of the charger's stream at which it was told."""
