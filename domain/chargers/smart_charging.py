"""Facts about limits and charging profiles that a charger tells us of."""

from datetime import datetime
from decimal import Decimal

import msgspec

from domain.event import Fact


class PhaseValues(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A value for all phases together, or for L1 where L2 and L3 are given too."""

    total: Decimal | None
    l2: Decimal | None = None
    l3: Decimal | None = None


class Period(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a schedule; values are in the schedule's unit (W or A), var where reactive."""

    start_s: int
    """Seconds after the start of the schedule."""
    limit: PhaseValues | None = None
    discharge_limit: PhaseValues | None = None
    """2.1: negative or zero."""
    setpoint: PhaseValues | None = None
    """2.1: negative where the car shall discharge."""
    setpoint_reactive: PhaseValues | None = None
    phases: int | None = None
    phase_to_use: int | None = None
    operation_mode: str = ""
    """2.1: `ChargingOnly`, `CentralSetpoint`, `ExternalLimits`, `LocalFrequency` …"""


class Schedule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Limits over time. Prices and tariffs that may come with it stay in the frame."""

    schedule_id: int
    unit: str
    """`W` or `A`."""
    periods: tuple[Period, ...]
    start_at: datetime | None = None
    duration_s: int | None = None
    min_rate: Decimal | None = None
    """Below this the car charges badly; in the schedule's unit."""


class LimitNotified(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody else than us limits the charger: a grid operator, an energy manager."""

    TOPIC = "charging_limit.notified"
    source: str
    """`EMS`, `SO`, `CSO`, `Other`; other names exist in 2.1."""
    evse_id: int | None = None
    """None where the whole charger is limited."""
    grid_critical: bool | None = None
    local_generation: bool | None = None
    """2.1: the limit is what local generation adds."""
    schedules: tuple[Schedule, ...] = ()


class LimitCleared(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A limit from elsewhere no longer holds."""

    TOPIC = "charging_limit.cleared"
    source: str
    evse_id: int | None = None


class ReportedProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charging profile as the charger has it."""

    profile_id: int
    stack_level: int
    purpose: str
    """`TxDefaultProfile`, `TxProfile`, `ChargingStationMaxProfile`, `PriorityCharging` …"""
    kind: str
    """`Absolute`, `Recurring`, `Relative` or (2.1) `Dynamic`."""
    schedules: tuple[Schedule, ...]
    recurrency: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction: str = ""
    """The charger's own name of the transaction it is for."""
    update_interval_s: int | None = None
    """2.1 Dynamic: how often the charger asks for new values."""


class ProfilesReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Charging profiles the charger has, told upon a request, in parts (`more` until the last)."""

    TOPIC = "charging_profile.reported"
    request_id: int
    source: str
    evse_id: int
    profiles: tuple[ReportedProfile, ...]
    more: bool = False


class ScheduleUpdateAsked(Fact, frozen=True):
    """The charger asks for new values of a dynamic profile (2.1)."""

    TOPIC = "charging_profile.update_asked"
    profile_id: int


class PriorityChargingSwitched(Fact, frozen=True, kw_only=True):
    """A driver put a transaction before the others at the charger, or took that back (2.1)."""

    TOPIC = "charging_profile.priority_switched"
    transaction: str
    """The charger's own name of the transaction."""
    active: bool
