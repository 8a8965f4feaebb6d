"""Interpretation rules: how the readings of a register are understood before the energy rules count them.

Left alone, a rule reads what was told as it was told, which is how sessions are settled at their end. A repair reads
the past with another one.
"""

from decimal import Decimal

import msgspec

from domain.metering import BEGIN, END

EDITION = 1
"""Of the energy rules themselves: raised whenever the same readings come to another energy than before."""
FASTEST_W = Decimal(4_000_000)
"""No charger delivers more: the Megawatt Charging System ends at 3.75 MW."""
ONE = Decimal(1)
FACTORS = (Decimal("0.000001"), Decimal(1_000_000))
SIZES_WH = (Decimal(1), Decimal(10) ** 12)
POWERS_W = (Decimal(1), Decimal(10) ** 9)
"""Bounds within which every reading that the edge lets in can be worked out exactly."""


class InterpretationInvalid(ValueError):
    """A rule that cannot be meant; the message says what is wrong with it."""


class Interpretation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a register is read."""

    factor: Decimal = ONE
    """Each reading counts so many times: 0.001 for a charger that tells Wh and calls them kWh."""
    ignores_begin: bool = False
    """The reading at the start is not believed; the first later one stands in for it."""
    ignores_end: bool = False
    """The reading at the end is not believed; the last earlier one stands in for it."""
    wraps_at_wh: Decimal | None = None
    """The register begins again at 0 after so many Wh (after `factor`)."""
    fastest_w: Decimal = FASTEST_W
    """A rise that is faster is not believed."""

    def check(self) -> None:
        """Raises InterpretationInvalid."""
        if not _within(self.factor, FACTORS):
            raise InterpretationInvalid("A factor is 0.000001 to 1000000, such as 0.001.")
        if self.wraps_at_wh is not None and not _within(self.wraps_at_wh, SIZES_WH):
            raise InterpretationInvalid(
                "A register begins again after 1 to 1000000000000 Wh, such as 1000000."
            )
        if not _within(self.fastest_w, POWERS_W):
            raise InterpretationInvalid("The fastest rise is 1 to 1000000000 W, such as 25000.")

    @property
    def as_told(self) -> bool:
        """Nothing is read otherwise than at the end of a session."""
        return self == Interpretation()

    def read(self, context: str, wh: Decimal, register_wh: Decimal | None) -> Decimal | None:
        """The reading as it counts, after a register that stood at `register_wh`; None where it does not."""
        if (context == BEGIN and self.ignores_begin) or (context == END and self.ignores_end):
            return None
        read = wh if self.factor == ONE else wh * self.factor
        if self.wraps_at_wh is None or register_wh is None or read < 0:
            return read
        missing = register_wh - self.wraps_at_wh / 2 - read
        return read if missing <= 0 else read + self.wraps_at_wh * (missing // self.wraps_at_wh + 1)

    def words(self) -> list[str]:
        """What is read otherwise, in words."""
        found = []
        if self.factor != ONE:
            found.append(f"each reading counts {self.factor:f} times")
        if self.ignores_begin:
            found.append("the reading at the start is not believed")
        if self.ignores_end:
            found.append("the reading at the end is not believed")
        if self.wraps_at_wh is not None:
            found.append(f"the register begins again after {self.wraps_at_wh:f} Wh")
        if self.fastest_w != FASTEST_W:
            found.append(f"nothing rises faster than {self.fastest_w:f} W")
        return found or ["every reading as told"]


AS_TOLD = Interpretation()


def _within(value: Decimal, bounds: tuple[Decimal, Decimal]) -> bool:
    """NaN is within nothing."""
    least, most = bounds
    return value.is_finite() and least <= value <= most
