"""A charging profile as operators write it and chargers hold it (1.6 §7.8, 2.x ChargingProfileType)."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec


class Purpose(StrEnum):
    """What a profile limits; the words of 2.x (1.6 says ChargePointMaxProfile for the first)."""

    CHARGER_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    EXTERNAL = "ChargingStationExternalConstraints"
    """Set by others than us (2.x K01.FR.22); a charger reports it, we never send it."""
    PRIORITY = "PriorityCharging"
    LOCAL_GENERATION = "LocalGeneration"


class Kind(StrEnum):
    """What the times of a schedule count from."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"
    DYNAMIC = "Dynamic"
    """2.1: the limit of the one period is pulled or pushed while it is in force."""


class Recurrency(StrEnum):
    """When a recurring schedule begins again."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class Unit(StrEnum):
    """A: amperes per phase; W: watts over all phases."""

    A = "A"
    W = "W"


class Period(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From `start_s` after the beginning of the schedule until the next period."""

    start_s: int
    limit: Decimal
    phases: int | None = None
    """How many phases may be used; None: 3."""
    phase_to_use: int | None = None
    """2.x: which one, where `phases` is 1."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A limit that changes over time."""

    unit: Unit
    periods: tuple[Period, ...]
    duration_s: int | None = None
    """None: the last period lasts until the profile ends, or for ever."""
    start_at: datetime | None = None
    min_rate: Decimal | None = None
    schedule_id: int = 0
    """2.x: the schedule's own id."""


class ChargingProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One profile; several of them make the limit that counts."""

    profile_id: int
    stack_level: int
    purpose: Purpose
    kind: Kind
    schedules: tuple[Schedule, ...]
    """One; 2.x allows up to three, of which the car chooses (15118)."""
    recurrency: Recurrency | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction: str = ""
    """The charger's own name of the transaction a TxProfile is for: 1.6 the number in digits, 2.x its transactionId."""


class Placed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A profile at its place: in force, or to be put there."""

    profile: ChargingProfile
    evse_id: int
    """0: the charger itself, or (TxDefaultProfile) each of its EVSEs."""
    since: datetime | None = None
    """When the charger took it: what counts from there has no other beginning (see `schedule.composite`)."""

    @property
    def slot(self) -> tuple[Purpose, int, int]:
        """Purpose, stack level and EVSE: there is room for one (1.6 §3.13.2, 2.x K01.FR.06, K01.FR.39)."""
        return self.profile.purpose, self.profile.stack_level, self.evse_id

    def displaces(self, other: "Placed") -> bool:
        """Does putting this one there end `other`: by its id (2.x K01.FR.05) or by its slot?"""
        return self.profile.profile_id == other.profile.profile_id or self.slot == other.slot
