"""What a charger tells, made to fit a column: nothing it can say may stop a read model.

Whatever is cut or turned down here stands in full in the frame, which the message log keeps.
"""

from datetime import datetime, timedelta
from decimal import Decimal

KEY_LENGTH = 255
"""Longer texts do not fit into an index; no id, token or action of any version is longer."""

EARLY = timedelta(days=400)
"""A charger may have been offline for a season; a clock behind by more was never set."""
LATE = timedelta(days=1)
"""Ahead of us by less than a day: local time labelled UTC, which is at least steady."""

_INT32 = 2**31 - 1
_WHOLE_LIMIT_WH = 10**15
_EXACT_LIMIT = Decimal(10) ** 15
_FINEST = -20
_FLOAT_LIMIT = 1e12
_FLOAT_FINEST = 1e-12


def number(value: int) -> int:
    """An id as an int32; numbers beyond it are no ids and share the last one."""
    return value if 0 <= value <= _INT32 else max(-_INT32, min(_INT32, value))


def key_text(value: str) -> str:
    """A text that is part of an index."""
    return value if len(value) <= KEY_LENGTH else value[:KEY_LENGTH]


def whole_wh(value: int | None) -> int | None:
    """Energy in whole Wh; None where no meter on earth could have counted it."""
    return value if value is not None and -_WHOLE_LIMIT_WH < value < _WHOLE_LIMIT_WH else None


def exact(value: Decimal | None) -> Decimal | None:
    """An exact figure; None where it is no number, or beyond any meter."""
    if value is None or not value.is_finite() or not -_EXACT_LIMIT < value < _EXACT_LIMIT:
        return None
    return value if int(value.as_tuple().exponent) >= _FINEST else None


def rough(value: Decimal) -> float | None:
    """A figure as a float of four bytes can hold it; None where it cannot."""
    if not value.is_finite():
        return None
    figure = float(value)
    if figure == 0 or _FLOAT_FINEST < abs(figure) < _FLOAT_LIMIT:
        return figure
    return None


def plausible(at: datetime, recorded_at: datetime) -> bool:
    """Whether a charger's time may stand beside ours: not 1970, not 2099."""
    return recorded_at - EARLY <= at <= recorded_at + LATE
