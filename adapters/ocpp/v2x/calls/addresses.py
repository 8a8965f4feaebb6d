"""Our addresses as 2.x writes them; EVSE 0 and None are the charger itself."""

from typing import Any

from adapters.ocpp.operation import CannotSay
from adapters.ocpp.optional_fields import filled


def evse(evse_id: int | None, connector_id: int | None = None) -> dict[str, Any] | None:
    """EVSEType, None for the charger itself; raises CannotSay for a connector without its EVSE."""
    if not evse_id:
        if connector_id:
            raise CannotSay("A connector is named together with its EVSE.")
        return None
    return filled({"id": above_zero(evse_id), "connectorId": connector_id})


def above_zero(number: int, what: str = "EVSE") -> int:
    """The number of one EVSE or connector; raises CannotSay where the charger itself would be meant."""
    if number < 1:
        raise CannotSay(f"This is asked of one {what}, which has a number above 0.")
    return number


def not_below_zero(evse_id: int) -> int:
    """The number of an EVSE, or 0."""
    if evse_id < 0:
        raise CannotSay("There is no EVSE below 0.")
    return evse_id
