"""Intents about how much a charger may draw (1.6 SmartCharging, 2.x functional block K)."""

from datetime import datetime
from decimal import Decimal

import msgspec

from domain.charging_profiles.profile import ChargingProfile, Purpose, Unit
from domain.commands.intent import Intent


class SetChargingProfile(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Install a charging profile; one of the same id, or of the same stack level and purpose, is replaced."""

    profile: ChargingProfile
    evse_id: int = 0
    """0: the charger as a whole, or for a TxDefaultProfile each of its EVSEs."""


class ClearChargingProfile(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Remove charging profiles: one by its id, those that match, or everything."""

    profile_id: int | None = None
    evse_id: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None
    everything: bool = False
    """Must be said where nothing else is: an empty request clears all profiles (1.6 errata 3.25)."""


class GetChargingProfiles(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask which charging profiles are installed; they follow in reports that carry `request_id`."""

    evse_id: int | None = None
    """None: of all; 0: those of the charger as a whole."""
    profile_ids: tuple[int, ...] = ()
    """With these, neither purpose, stack level nor sources are asked for (2.x K09)."""
    purpose: Purpose | None = None
    stack_level: int | None = None
    sources: tuple[str, ...] = ()
    """Who set them: `CSO` (we), `EMS`, `SO`, `Other`; empty: anybody."""
    request_id: int = 0


class GetCompositeSchedule(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for the limit that all profiles together make, from now on."""

    duration_s: int
    evse_id: int = 0
    """0: the charger as a whole."""
    unit: Unit | None = None
    """None: as the charger likes."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """New values of a dynamic schedule for L1 to L3; one value alone: for all phases together.

    In the schedule's unit (W or A), reactive ones in var. Empty: this value does not change.
    """

    limit: tuple[Decimal, ...] = ()
    discharge_limit: tuple[Decimal, ...] = ()
    """Negative or zero."""
    setpoint: tuple[Decimal, ...] = ()
    """Negative where the car shall discharge."""
    setpoint_reactive: tuple[Decimal, ...] = ()


class UpdateDynamicSchedule(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Give a dynamic charging profile new values at once."""

    profile_id: int
    limits: Limits


class AFRRSignal(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Pass on a grid operator's signal for frequency restoration reserve (aFRR)."""

    at: datetime
    """When the signal becomes active."""
    signal: int
    """A value of the profile's v2xSignalWattCurve."""
