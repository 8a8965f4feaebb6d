"""Whether a charger, an EVSE or a connector is to serve drivers."""

from typing import NamedTuple

import msgspec


class Place(NamedTuple):
    """Where; 0/0 is the charger as a whole."""

    evse_id: int
    connector_id: int


class WantedAvailability(msgspec.Struct, frozen=True):
    """What is wanted, and what the charger answered to it."""

    operative: bool
    reason: str = ""
    answered: str = ""
    """Its status; empty: not asked yet, or asked in vain."""
    agreed: bool = True
