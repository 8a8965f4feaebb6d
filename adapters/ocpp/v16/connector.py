"""1.6 connector numbers in our words: connector n is EVSE n with one connector; 0 is the charger itself."""

from adapters.ocpp.whole_numbers import int32


def evse_and_connector(connector_id: int) -> tuple[int, int]:
    """`n` → `(n, 1)`, `0` → `(0, 0)` (1.6 §3.8: id 0 is the charge point's main controller)."""
    return (int32(connector_id), 1) if connector_id else (0, 0)
