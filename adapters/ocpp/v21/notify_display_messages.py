"""NotifyDisplayMessages (2.1): the messages a charger holds; answered empty (O03, O04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.drivers import display_messages
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See NotifyDisplayMessages in `v2x/drivers.py`."""
    return display_messages(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
