"""Our addresses in 1.6 numbers: EVSE n with connector 1 is connector n, the charger itself is connector 0."""

from adapters.ocpp.operation import CannotSay


def connector_of(evse_id: int | None, connector_id: int | None = None) -> int:
    """The connector number; raises CannotSay for a second connector of an EVSE, which 1.6 does not know."""
    if evse_id is not None and evse_id < 0:
        raise CannotSay("There is no EVSE below 0.")
    if not evse_id and connector_id:
        raise CannotSay("A connector is named together with its EVSE.")
    if connector_id not in (None, 0, 1):
        raise CannotSay(f"OCPP 1.6 knows one connector for each EVSE; there is no connector {connector_id}.")
    return evse_id or 0


def one_connector(evse_id: int | None, connector_id: int | None = None) -> int:
    """As above, where the charger itself (0) cannot be meant."""
    if not evse_id:
        raise CannotSay("This is asked of one connector; 0 is the charger itself.")
    return connector_of(evse_id, connector_id)


def whole(value: str, what: str) -> int:
    """The number that 1.6 wants where our words are text."""
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        raise CannotSay(f"In OCPP 1.6 {what} is a number, not {value!r}.")
    return int(value)
