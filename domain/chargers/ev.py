"""Facts about what a car needs and plans, as ISO 15118 brings them to the charger."""

from datetime import datetime
from decimal import Decimal

import msgspec

from domain.chargers.smart_charging import PhaseValues, Schedule
from domain.event import Fact


class AcNeeds(msgspec.Struct, frozen=True, kw_only=True):
    """What a car that charges with alternating current wants."""

    energy_wh: Decimal | None
    min_current_a: Decimal | None
    max_current_a: Decimal | None
    max_voltage_v: Decimal | None


class DcNeeds(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a car that charges with direct current wants, and how full it is."""

    max_current_a: Decimal | None
    max_voltage_v: Decimal | None
    max_power_w: Decimal | None = None
    energy_wh: Decimal | None = None
    capacity_wh: Decimal | None = None
    soc_pct: int | None = None
    full_soc_pct: int | None = None
    """At this state of charge the car is content."""
    bulk_soc_pct: int | None = None
    """Up to this state of charge it charges fast."""


class V2xNeeds(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a car that may also discharge wants (2.1, ISO 15118-20). Power in W, energy in Wh."""

    min_charge_w: PhaseValues | None = None
    max_charge_w: PhaseValues | None = None
    min_discharge_w: PhaseValues | None = None
    max_discharge_w: PhaseValues | None = None
    min_charge_a: Decimal | None = None
    max_charge_a: Decimal | None = None
    min_discharge_a: Decimal | None = None
    max_discharge_a: Decimal | None = None
    min_voltage_v: Decimal | None = None
    max_voltage_v: Decimal | None = None
    target_energy_wh: Decimal | None = None
    min_energy_wh: Decimal | None = None
    max_energy_wh: Decimal | None = None
    min_v2x_energy_wh: Decimal | None = None
    max_v2x_energy_wh: Decimal | None = None
    target_soc_pct: int | None = None


class DerNeeds(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a car that feeds the grid can do for it (2.1); its inverter's ratings stay in the frame."""

    controls: tuple[str, ...] = ()
    """The grid functions it supports: `VoltVar`, `FreqWatt`, `LVMustTrip` …"""
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    max_apparent_va: Decimal | None = None


class ChargingNeedsNotified(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A car told what it needs; an offer of its own (prices) stays in the frame."""

    TOPIC = "ev.charging_needs_notified"
    evse_id: int
    energy_transfer: str
    """`DC`, `AC_single_phase`, `AC_three_phase`, `DC_BPT` …"""
    available_transfers: tuple[str, ...] = ()
    departure_at: datetime | None = None
    schedule_entries: int | None = None
    """How many entries of a schedule the car can take."""
    control_mode: str = ""
    """ISO 15118-20: `ScheduledControl` or `DynamicControl`."""
    mobility_mode: str = ""
    """ISO 15118-20: who settles when the car leaves, `EVCC` or `EVCC_SECC`."""
    ac: AcNeeds | None = None
    dc: DcNeeds | None = None
    v2x: V2xNeeds | None = None
    der: DerNeeds | None = None

    @property
    def over_iso15118_20(self) -> bool:
        """Only the younger ISO 15118 knows a control mode."""
        return bool(self.control_mode or self.mobility_mode)


class ChargingScheduleNotified(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A car told how it is going to charge."""

    TOPIC = "ev.charging_schedule_notified"
    evse_id: int
    base_at: datetime | None
    """Periods count from here; None where the time could not be read."""
    schedule: Schedule
    selected_schedule_id: int | None = None
    """2.1: the one of our schedules the car chose."""
    tolerance_accepted: bool | None = None
