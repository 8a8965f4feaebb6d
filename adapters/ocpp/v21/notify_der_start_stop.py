"""NotifyDERStartStop (2.1): a control began to act or ended; answered empty (R04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.fields import texts_in, time_in
from application.reports import Report
from domain.chargers.der import DerControlSwitched


def to_report(payload: Mapping[str, Any]) -> Report:
    """Which control, and which ones yield to it."""
    fact = DerControlSwitched(
        control_id=payload["controlId"],
        active=payload["started"],
        superseded=texts_in(payload, "supersededIds"),
    )
    return Report(fact, time_in(payload, "timestamp"))


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
