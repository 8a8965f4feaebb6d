"""What a meter says: exact readings, and the rule that finds the energy register among them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

ENERGY_IMPORT = "Energy.Active.Import.Register"
"""The measurand that bills; also what 1.6 §7.31 and 2.x mean where none is named."""
OUTLET = "Outlet"
HERE = frozenset({"", OUTLET, "Body"})
PHASES = frozenset({"L1", "L2", "L3"})
BEGIN = "Transaction.Begin"
END = "Transaction.End"
PERIODIC = "Sample.Periodic"
UNTIMED = datetime.min.replace(tzinfo=UTC)
"""The instant of a sample whose time could not be read, until our own clock is put in its place."""


class Reading(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """One sampled value in base units (Wh, W, A, V, var, Percent, Celsius …), exact."""

    measurand: str
    value: Decimal | None
    """None where the charger sent no number; `text` then holds what it sent."""
    unit: str = ""
    phase: str = ""
    location: str = ""
    text: str = ""
    """Signed meter data or a value that is no number, as received."""
    public_key: str = ""
    """The key that signed meter data brought along (2.x), as received: to be compared, not to be believed."""


class Sample(msgspec.Struct, frozen=True):
    """Readings taken at one instant for one reason."""

    at: datetime
    """The charger's clock, UTC."""
    context: str
    """`Sample.Periodic`, `Transaction.Begin`, `Transaction.End`, … (the field's own words)."""
    readings: tuple[Reading, ...]


def register_wh(sample: Sample) -> Decimal | None:
    """The import register in Wh, or None.

    A reading without a phase is the total; without one, three phase registers are summed, and a lone L1 is
    the register of a single-phase charger. `Body` is where Grizzl-E places its own meter.
    """
    phases: dict[str, Decimal] = {}
    for reading in sample.readings:
        if reading.measurand != ENERGY_IMPORT or reading.value is None:
            continue
        if reading.location not in HERE:  # a register at the inlet or in the car is another meter
            continue
        if not reading.phase:
            return reading.value
        phases[reading.phase.removesuffix("-N")] = reading.value
    if phases.keys() == {"L1"} or phases.keys() >= {"L1", "L2", "L3"}:
        return sum((wh for phase, wh in phases.items() if phase in PHASES), Decimal(0))
    return None


def registers(samples: Iterable[Sample]) -> list[tuple[datetime, str, Decimal]]:
    """(instant, context, Wh) of every sample that carries the import register, in time order."""
    found = []
    for sample in samples:
        wh = register_wh(sample)
        if wh is not None:
            found.append((sample.at, sample.context, wh))
    if len(found) > 1:
        found.sort(key=lambda item: item[0])
    return found


def timed(samples: tuple[Sample, ...], now: datetime) -> tuple[Sample, ...]:
    """`samples` with `now` for every instant that could not be read."""
    if all(sample.at is not UNTIMED for sample in samples):
        return samples
    return tuple(
        msgspec.structs.replace(sample, at=now) if sample.at is UNTIMED else sample for sample in samples
    )


def energy_sample(at: datetime, context: str, wh: Decimal) -> Sample:
    """The one-register sample that 1.6 sends as `meterStart` and `meterStop`."""
    return Sample(at, context, (Reading(ENERGY_IMPORT, wh, "Wh"),))


def whole_wh(wh: Decimal) -> int:
    """Energy as it is billed: whole watt-hours, half to even."""
    return int(wh.to_integral_value(rounding=ROUND_HALF_EVEN))
