"""Facts of alarms: raised, seen again, acknowledged by somebody, over."""

from datetime import datetime
from enum import StrEnum

from domain.event import Fact


class Severity(StrEnum):
    """How soon somebody should look."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class AlarmFact(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Every fact of an alarm names it; the stream is `alarms/<tenant>/` and the CPID,
    `address:<address>` or `actor:<name>`.
    """

    alarm_id: str
    kind: str
    """A name of the specification's list (`TamperDetectionActivated` …) or one of ours (`password_guessing` …)."""


class AlarmRaised(AlarmFact, frozen=True, kw_only=True, omit_defaults=True):
    """Something happened that somebody should look at."""

    TOPIC = "alarm.raised"
    severity: Severity
    words: str
    """What it means, for people."""
    info: str = ""
    """What the charger or the caller said of it; not ours, and not to be trusted."""
    source: str
    """`stream@version` of the event behind it."""
    at: datetime
    """When that event was recorded."""
    count: int = 1


class AlarmRepeated(AlarmFact, frozen=True, kw_only=True, omit_defaults=True):
    """It happened again while the alarm was open; written once a minute at most."""

    TOPIC = "alarm.repeated"
    source: str
    at: datetime
    count: int = 1
    """How many times this one stands for, as far as the source tells."""


class AlarmAcknowledged(AlarmFact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody looks after it; who, stands in `told.actor`."""

    TOPIC = "alarm.acknowledged"
    note: str = ""


class AlarmCleared(AlarmFact, frozen=True, kw_only=True, omit_defaults=True):
    """It is over."""

    TOPIC = "alarm.cleared"
    why: str
