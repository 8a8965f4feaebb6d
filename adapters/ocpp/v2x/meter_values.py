"""MeterValues of 2.x (J01): readings outside transactions; EVSE 0 is the main meter."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.metering import newest, samples_2x
from adapters.ocpp.whole_numbers import int32
from application.reports import Report
from domain.chargers.events import Metered


def to_report(payload: Mapping[str, Any]) -> Report:
    """Metered. The message names no connector: 0 stands for the whole EVSE."""
    samples = samples_2x(payload["meterValue"])
    fact = Metered(evse_id=int32(payload["evseId"]), connector_id=0, samples=samples)
    return Report(fact, newest(samples))


def to_answer(outcome: object) -> dict[str, Any]:
    """Empty."""
    return {}
