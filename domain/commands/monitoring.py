"""Intents about the monitors that a 2.x charger sets on its variables (functional block N)."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from domain.commands.intent import Intent


class MonitoringCriterion(StrEnum):
    """A kind of monitor that a report is limited to (MonitoringCriterionEnumType)."""

    THRESHOLD = "ThresholdMonitoring"
    DELTA = "DeltaMonitoring"
    PERIODIC = "PeriodicMonitoring"


class MonitoringBase(StrEnum):
    """Which monitors stay (MonitoringBaseEnumType)."""

    ALL = "All"
    FACTORY_DEFAULT = "FactoryDefault"
    HARD_WIRED_ONLY = "HardWiredOnly"


class GetMonitoringReport(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask which monitors are set; the list follows in parts that carry `request_id`."""

    criteria: tuple[MonitoringCriterion, ...] = ()
    names: tuple[str, ...] = ()
    """`Component.Variable`, or `Component` for all of its variables; empty: all."""
    request_id: int = 0


class MonitorWanted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A watch to set on a variable."""

    name: str
    """The variable, as `Component.Variable`."""
    kind: str
    """`UpperThreshold`, `LowerThreshold`, `Delta`, `Periodic`, `PeriodicClockAligned`, 2.1 also `TargetDelta` and
    `TargetDeltaRelative`."""
    value: Decimal
    """The threshold or difference in the variable's unit; seconds for the periodic kinds."""
    severity: int
    """0 (danger) to 9 (debug)."""
    transaction_only: bool = False
    monitor_id: int | None = None
    """None: a new monitor, which the charger numbers; else the one to replace."""
    stream_interval_s: int | None = None
    """2.1: told as a stream, a message at the latest after this time."""
    stream_values: int | None = None
    """2.1: told as a stream, so many values in a message."""


class SetVariableMonitoring(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Set monitors on variables."""

    monitors: tuple[MonitorWanted, ...]


class ClearVariableMonitoring(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Take monitors away."""

    monitor_ids: tuple[int, ...]


class SetMonitoringBase(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Go back to a set of monitors; those set by us are lost unless all are kept."""

    base: MonitoringBase


class SetMonitoringLevel(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Choose how severe a monitored event must be to be told."""

    severity: int
    """0 (danger) to 9 (debug): events of this number and below are told."""


class AdjustPeriodicEventStream(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Change the pace of a stream of monitored values."""

    stream_id: int
    interval_s: int | None = None
    """At the latest after this time a message is sent."""
    values: int | None = None
    """So many values go into a message."""


class GetPeriodicEventStream(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Ask which streams of monitored values are open."""
