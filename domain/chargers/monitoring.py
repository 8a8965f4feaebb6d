"""Facts about what a charger's monitors saw: single events, and 2.1 streams of periodic values."""

from datetime import datetime
from decimal import Decimal

import msgspec

from domain.chargers.device_model import Place
from domain.event import Fact


class MonitoredEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A monitor fired, or the charger's hardware has something to say."""

    event_id: int
    at: datetime | None
    """The charger's clock (UTC); None where the time could not be read."""
    place: Place
    value: str
    """The variable's actual value, as told."""
    trigger: str
    """`Alerting`, `Delta` or `Periodic`."""
    origin: str
    """`HardWiredNotification`, `HardWiredMonitor`, `PreconfiguredMonitor` or `CustomMonitor`."""
    monitor_id: int | None = None
    severity: int | None = None
    """2.1: 0 (danger) to 9 (debug)."""
    cleared: bool = False
    """The alarm is over."""
    caused_by: int | None = None
    """The event id of what brought it about."""
    transaction: str = ""
    """The charger's own name of the transaction it concerns."""
    tech_code: str = ""
    tech_info: str = ""


class EventsReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Monitored events; a long list is told in parts (`seq_no` from 0, `more` until the last)."""

    TOPIC = "monitoring.events_reported"
    seq_no: int
    events: tuple[MonitoredEvent, ...]
    more: bool = False


class StreamOpened(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger will send the values of a monitor as a stream (2.1)."""

    TOPIC = "monitoring.stream_opened"
    stream_id: int
    monitor_id: int
    interval_s: int | None = None
    """At the latest after this time a message is sent."""
    values: int | None = None
    """So many values go into a message."""


class StreamClosed(Fact, frozen=True):
    """No more values will come over the stream (2.1)."""

    TOPIC = "monitoring.stream_closed"
    stream_id: int


class StreamValue(msgspec.Struct, frozen=True, array_like=True):
    """One value of a stream."""

    offset_s: Decimal | None
    """Seconds after `base_at`."""
    value: str


class StreamValuesReceived(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Values of a stream; the charger waits for no answer (2.1)."""

    TOPIC = "monitoring.stream_values_received"
    stream_id: int
    base_at: datetime | None
    """The charger's clock (UTC); None where the time could not be read."""
    values: tuple[StreamValue, ...]
    pending: int = 0
    """How many values wait at the charger."""
