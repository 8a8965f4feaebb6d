"""NotifyDERAlarm (2.1): the grid left the limits of a control, or came back; answered empty (R05)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.fields import time_in
from application.reports import Report
from domain.chargers.der import DerAlarmReported


def to_report(payload: Mapping[str, Any]) -> Report:
    """Which control, what the grid did, and whether it is over."""
    fact = DerAlarmReported(
        control=payload["controlType"],
        ended=payload.get("alarmEnded", False),
        fault=payload.get("gridEventFault", ""),
        info=payload.get("extraInfo", ""),
    )
    return Report(fact, time_in(payload, "timestamp"))


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
