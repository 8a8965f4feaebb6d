"""Facts of uptime that people tell: what may not count against a port, and what it can deliver.

They live on `uptime/<tenant>/<CPID>`. Who tells them stands in `told.actor`.
"""

from datetime import datetime
from enum import StrEnum

from domain.event import Fact
from domain.uptime.formulas import Formula


class Cause(StrEnum):
    """Why an outage does not count. The first five are those of 23 CFR 680.116(b)(3)."""

    UTILITY_INTERRUPTION = "utility_interruption"
    VEHICLE_CAUSED = "vehicle_caused"
    SCHEDULED_MAINTENANCE = "scheduled_maintenance"
    VANDALISM = "vandalism"
    NATURAL_DISASTER = "natural_disaster"
    ACCESS_BLOCKED = "access_blocked"
    """UK: the port cannot be reached (EVSE status `blocked`, PCPR 2023 reg. 7(3)(b)(ii))."""
    STATUS_UNKNOWABLE = "status_unknowable"
    """UK: its status cannot be known (EVSE status `unknown`, PCPR 2023 reg. 7(3)(b)(i))."""
    CLOSED_HOURS = "closed_hours"
    """UK: the place is closed (PCPR 2023 reg. 7(5))."""


UK_ALONE = frozenset({Cause.ACCESS_BLOCKED, Cause.STATUS_UNKNOWABLE, Cause.CLOSED_HOURS})
"""NEVI knows no such cause."""


class ExclusionDeclared(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Outages of a port in a period do not count, for a cause, by evidence."""

    TOPIC = "uptime.exclusion_declared"
    exclusion_id: str
    evse_id: int = 0
    """0: every port of the charger."""
    cause: Cause
    begin: datetime
    end: datetime
    evidence: str
    """What shows it, in words, or a link."""
    artefact: str = ""
    """The id of a file in the store that shows it."""
    formulas: tuple[Formula, ...]
    """Where it holds."""
    approved_by: str = ""
    """Who approved it, where that is another than the author."""


class ExclusionWithdrawn(Fact, frozen=True, kw_only=True):
    """It holds no longer, and never did."""

    TOPIC = "uptime.exclusion_withdrawn"
    exclusion_id: str
    reason: str


class PortRated(Fact, frozen=True, kw_only=True):
    """What a port can deliver at most, by its plate."""

    TOPIC = "uptime.port_rated"
    evse_id: int
    rated_w: int
