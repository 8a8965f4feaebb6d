"""Exact numbers: from a JSON number to a Decimal that says what the charger wrote."""

from decimal import Decimal, InvalidOperation


def decimal_of(value: int | float | Decimal | str) -> Decimal | None:
    """The exact value of a JSON number or a numeric string; None where it is not a finite number.

    A float read by orjson prints its shortest form again, which is the charger's own digits for up to 15
    significant ones (IEEE 754). Frames with longer numbers reach us as Decimal: see `frames.read_frame`.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        value = repr(value)
    elif isinstance(value, str):
        value = value.strip()
        if "_" in value:  # Decimal() would read Python's digit grouping
            return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
