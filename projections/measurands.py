"""Readings made wide: the usual measurands as columns, everything else as one JSON object, nothing lost."""

from decimal import Decimal
from typing import Any, NamedTuple

from domain.metering import ENERGY_IMPORT, OUTLET, Reading, Sample, register_wh
from projections.bounds import exact, rough


class Place(NamedTuple):
    """The column a reading belongs to, and the units in which it does."""

    column: str
    units: frozenset[str]
    exact: bool = False


def _places() -> dict[tuple[str, str, str], Place]:
    table: dict[tuple[str, str, str], Place] = {}

    def put(measurand: str, phases: tuple[str, ...], where: tuple[str, ...], place: Place) -> None:
        for phase in phases:
            for location in where:
                table[measurand, phase, location] = place

    outlet = ("", OUTLET)
    watt, ampere, volt = (frozenset({"", unit}) for unit in ("W", "A", "V"))
    wh = frozenset({"", "Wh"})
    put(ENERGY_IMPORT, ("",), outlet, Place("energy_wh", wh, exact=True))
    put("Energy.Active.Export.Register", ("",), outlet, Place("energy_export_wh", wh, exact=True))
    put("Power.Active.Import", ("",), outlet, Place("power_w", watt))
    put("Power.Offered", ("",), outlet, Place("power_offered_w", watt))
    put("Current.Import", ("",), outlet, Place("current_a", ampere))
    put("Current.Offered", ("",), outlet, Place("current_offered_a", ampere))
    put("Voltage", ("",), outlet, Place("voltage_v", volt))
    for n in ("1", "2", "3"):
        phases = (f"L{n}", f"L{n}-N")
        put("Current.Import", phases, outlet, Place(f"current_l{n}_a", ampere))
        put("Voltage", phases, outlet, Place(f"voltage_l{n}_v", volt))
    put("SoC", ("",), ("", "EV", OUTLET), Place("soc_pct", frozenset({"", "Percent"})))
    celsius = frozenset({"", "Celsius", "Celcius"})
    put("Temperature", ("",), ("", "Body", OUTLET), Place("temperature_c", celsius))
    return table


PLACES = _places()
_POWER = "Power.Active.Import"
_PHASES = ("L1", "L2", "L3")


def widen(sample: Sample) -> tuple[dict[str, Any], dict[str, Any]]:
    """(columns, extra) of a sample. Registers stay exact, the rest are floats of four bytes.

    `extra` maps `measurand[.phase][@location]` to `{"value", "unit", "text"}` as far as told; values are
    texts, so that they stay as the charger wrote them. Power or energy told by phase alone is summed.
    """
    columns: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for reading in sample.readings:
        measurand, value = reading.measurand, reading.value
        place = PLACES.get((measurand, reading.phase, reading.location))
        if (
            place is not None
            and value is not None
            and place.column not in columns
            and reading.unit in place.units
        ):
            figure = exact(value) if place.exact else rough(value)
            if figure is not None:
                columns[place.column] = figure
                if not reading.text:
                    continue
        _put_aside(extra, reading)
    if extra:
        _sum_phases(sample, columns)
    return columns, extra


def _put_aside(extra: dict[str, Any], reading: Reading) -> None:
    name = reading.measurand
    if reading.phase:
        name += f".{reading.phase}"
    if reading.location:
        name += f"@{reading.location}"
    told = {
        "value": None if reading.value is None else str(reading.value),
        "unit": reading.unit,
        "text": reading.text,
    }
    n, free = 2, name
    while free in extra:
        free, n = f"{name}#{n}", n + 1
    extra[free] = {word: what for word, what in told.items() if what}


def _sum_phases(sample: Sample, columns: dict[str, Any]) -> None:
    if "energy_wh" not in columns and (wh := exact(register_wh(sample))) is not None:
        columns["energy_wh"] = wh
    if "power_w" not in columns:
        phases: dict[str, Decimal] = {
            r.phase.removesuffix("-N"): r.value
            for r in sample.readings
            if r.measurand == _POWER
            and r.value is not None
            and r.location in ("", OUTLET)
            and r.unit in ("", "W")
        }
        if phases.keys() >= set(_PHASES):
            watts = [rough(phases[phase]) for phase in _PHASES]
            if None not in watts:
                columns["power_w"] = sum(w for w in watts if w is not None)
