"""Heartbeat (1.6 §4.6): the charger is alive and sets its clock by the answer."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.timestamps import write_timestamp
from application.reports import Report, Time
from domain.chargers.events import HeartbeatReceived


def to_report(payload: Mapping[str, Any]) -> Report:
    """HeartbeatReceived."""
    return Report(HeartbeatReceived())


def to_answer(outcome: Time) -> dict[str, Any]:
    """Our time."""
    return {"currentTime": write_timestamp(outcome.now)}
