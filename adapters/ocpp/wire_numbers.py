"""Exact numbers of ours as JSON numbers."""

from decimal import Decimal
from math import isfinite

from adapters.ocpp.operation import CannotSay

TENTH = Decimal("0.1")


def number(value: Decimal) -> int | float:
    """The JSON number: whole ones without a point. Raises CannotSay beyond what JSON readers hold."""
    if not value.is_finite() or not isfinite(float(value)):
        raise CannotSay(f"{value} is no number that can be sent.")
    return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)


def tenths(value: Decimal) -> int | float:
    """A charging limit: at most one digit after the point (1.6 §7.14, 2.x ChargingSchedulePeriodType)."""
    if not value.is_finite() or abs(value) >= 10**12 or value != value.quantize(TENTH):
        raise CannotSay(f"A limit has at most one digit after the point, {value} has more.")
    return number(value)


def exact(value: int | float | Decimal) -> Decimal:
    """A JSON number in the digits it was written with; see `numbers.decimal_of`."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
