"""Facts about a charger's device model: its variables and the monitors set on them.

They are told in parts: `seq_no` counts from 0, `more` says that another part follows.
Variables are taken from a charger that is still pending (2.x B02.FR.09), monitors are not.
"""

from decimal import Decimal

import msgspec

from domain.event import Fact


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A variable of a component: the address within the device model."""

    component: str
    component_instance: str = ""
    evse_id: int | None = None
    """None where the component is the charger's own."""
    connector_id: int | None = None
    variable: str
    variable_instance: str = ""


class Attribute(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of up to four faces of a variable."""

    kind: str = "Actual"
    """`Actual`, `Target`, `MinSet` or `MaxSet`."""
    value: str | None = None
    """As told; None where it is not set or may not be read."""
    mutability: str = "ReadWrite"
    """`ReadOnly`, `WriteOnly` or `ReadWrite`; the last is what 2.x means where none is told."""
    persistent: bool = False
    constant: bool = False


class Characteristics(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What values a variable may take."""

    data_type: str
    unit: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    """For texts and lists: the greatest length."""
    most_elements: int | None = None
    values: str = ""
    """The allowed values, separated by commas."""
    monitorable: bool = False


class ReportedVariable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A variable with what the charger told of it."""

    place: Place
    attributes: tuple[Attribute, ...]
    characteristics: Characteristics | None = None


class VariablesReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the device model, told upon a request."""

    TOPIC = "device_model.variables_reported"
    request_id: int
    seq_no: int
    more: bool = False
    variables: tuple[ReportedVariable, ...] = ()


class Monitor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A watch on a variable."""

    monitor_id: int
    kind: str
    """`UpperThreshold`, `LowerThreshold`, `Delta`, `Periodic`, `PeriodicClockAligned`, `TargetDelta` …"""
    value: Decimal | None
    """The threshold or difference in the variable's unit; seconds for the periodic kinds."""
    severity: int
    """0 (danger) to 9 (debug)."""
    transaction_only: bool = False
    origin: str = ""
    """2.1: `HardWiredMonitor`, `PreconfiguredMonitor`, `CustomMonitor` …"""


class MonitoredVariable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable and the monitors on it."""

    place: Place
    monitors: tuple[Monitor, ...]


class MonitorsReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the list of monitors, told upon a request."""

    TOPIC = "device_model.monitors_reported"
    request_id: int
    seq_no: int
    more: bool = False
    variables: tuple[MonitoredVariable, ...] = ()
