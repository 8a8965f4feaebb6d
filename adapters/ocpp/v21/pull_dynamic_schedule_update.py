"""PullDynamicScheduleUpdate (2.1): a dynamic profile wants new values; Rejected, we set none (K28.FR.12)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.refusals import refusal
from adapters.ocpp.v2x.smart_charging import schedule_update
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See PullDynamicScheduleUpdate in `v2x/smart_charging.py`."""
    return schedule_update(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Rejected: no dynamic profile of ours exists, so there are no values to give."""
    return refusal("Rejected", "this CSMS sets no dynamic charging profiles")
