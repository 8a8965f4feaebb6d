"""NotifyCustomerInformation (2.0.1): what the charger knows of a customer; answered empty (N09)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.drivers import customer_information
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See NotifyCustomerInformation in `v2x/drivers.py`."""
    return customer_information(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
