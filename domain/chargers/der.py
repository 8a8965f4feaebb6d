"""Facts about distributed energy resources: grid functions of chargers and cars that feed in (2.1)."""

from datetime import datetime
from decimal import Decimal

import msgspec

from domain.event import Fact


class DerAlarmReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The grid left the limits of a control, or came back; when, is the told time of the event."""

    TOPIC = "der.alarm_reported"
    control: str
    """The kind of control concerned: `LVMustTrip`, `HFMustTrip` …"""
    ended: bool = False
    fault: str = ""
    """What the grid did: `UnderVoltage`, `OverFrequency` …"""
    info: str = ""


class DerControlSwitched(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A control began to act, or ended; when, is the told time of the event."""

    TOPIC = "der.control_switched"
    control_id: str
    active: bool
    superseded: tuple[str, ...] = ()
    """Ids of the controls that had to yield."""


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A point of a curve; units follow from the kind of control and the curve's unit."""

    x: Decimal | None
    y: Decimal | None


class Setting(msgspec.Struct, frozen=True, array_like=True):
    """A parameter of a control other than its curve."""

    name: str
    """In our words: `over_frequency`, `ramp_rate` …; units are those of the kind of control (2.1 R04)."""
    value: str
    """As told, exact."""


class DerControl(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A control the charger has."""

    control_id: str
    kind: str
    """The specification's name: `VoltVar`, `FreqDroop`, `LimitMaxDischarge` …"""
    priority: int | None = None
    """0 is the highest."""
    default: bool = False
    superseded: bool = False
    start_at: datetime | None = None
    duration_s: Decimal | None = None
    unit: str = ""
    """Of a curve's y axis or of a setpoint: `PctMaxW`, `PctMaxVar` …"""
    points: tuple[Point, ...] = ()
    settings: tuple[Setting, ...] = ()


class DerControlsReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The controls a charger has, told upon a request, in parts (`more` until the last)."""

    TOPIC = "der.controls_reported"
    request_id: int
    more: bool = False
    controls: tuple[DerControl, ...] = ()
