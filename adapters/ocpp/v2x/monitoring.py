"""What monitors saw in 2.x: events and (2.1) streams of periodic values (functional block N)."""

from adapters.ocpp.secrets import hidden_if_secret
from adapters.ocpp.v2x.device_model import place_of
from adapters.ocpp.v2x.fields import Payload, number_in, time_in, whole_in
from adapters.ocpp.whole_numbers import int32
from application.reports import Report
from domain.chargers.monitoring import (
    EventsReported,
    MonitoredEvent,
    StreamClosed,
    StreamOpened,
    StreamValue,
    StreamValuesReceived,
)


def events_report(payload: Payload) -> Report:
    """NotifyEvent."""
    fact = EventsReported(
        seq_no=int32(payload["seqNo"]),
        more=payload.get("tbc", False),
        events=tuple(_event(told) for told in payload["eventData"]),
    )
    return Report(fact, time_in(payload, "generatedAt"))


def stream_opening(payload: Payload) -> Report:
    """OpenPeriodicEventStream (2.1)."""
    stream = payload["constantStreamData"]
    pace = stream["params"]
    return Report(
        StreamOpened(
            stream_id=int32(stream["id"]),
            monitor_id=int32(stream["variableMonitoringId"]),
            interval_s=whole_in(pace, "interval"),
            values=whole_in(pace, "values"),
        )
    )


def stream_closing(payload: Payload) -> Report:
    """ClosePeriodicEventStream (2.1)."""
    return Report(StreamClosed(int32(payload["id"])))


def stream_values(payload: Payload) -> Report:
    """NotifyPeriodicEventStream (2.1), a SEND."""
    base_at = time_in(payload, "basetime")
    fact = StreamValuesReceived(
        stream_id=int32(payload["id"]),
        base_at=base_at,
        values=tuple(StreamValue(number_in(told, "t"), told["v"]) for told in payload["data"]),
        pending=int32(payload["pending"]),
    )
    return Report(fact, base_at)


def _event(told: Payload) -> MonitoredEvent:
    return MonitoredEvent(
        event_id=int32(told["eventId"]),
        at=time_in(told, "timestamp"),
        place=place_of(told),
        value=hidden_if_secret(told["variable"]["name"], told["actualValue"]) or "",
        trigger=told["trigger"],
        origin=told["eventNotificationType"],
        monitor_id=whole_in(told, "variableMonitoringId"),
        severity=whole_in(told, "severity"),
        cleared=told.get("cleared", False),
        caused_by=whole_in(told, "cause"),
        transaction=told.get("transactionId", ""),
        tech_code=told.get("techCode", ""),
        tech_info=told.get("techInfo", ""),
    )
