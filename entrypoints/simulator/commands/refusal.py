"""A call the charger refuses with a CALLERROR."""

from typing import NamedTuple


class Refusal(NamedTuple):
    """The error code as this version spells it, and the reason in words."""

    code: str
    text: str
