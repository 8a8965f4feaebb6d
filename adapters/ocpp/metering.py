"""Meter values of every version → samples: exact decimals in base units, one sample per instant and context.

1.6 sends text, 2.x sends numbers with a unit of measure. Whatever is no number within reason stays as text:
nothing a charger measures is dropped.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.ocpp.numbers import decimal_of
from adapters.ocpp.timestamps import read_timestamp
from domain.metering import END, ENERGY_IMPORT, OUTLET, PERIODIC, UNTIMED, Reading, Sample

LARGEST = Decimal(10) ** 15
"""No register, power or temperature reaches it. `1e999999999` would be arithmetic without end."""
SMALLEST_EXPONENT = -30
"""Binary floats printed in full have some 17 digits after the point; more is noise or an attack."""
MULTIPLIER_BOUND = 15

BASE_UNITS: Mapping[str, tuple[str, int]] = {
    "Wh": ("Wh", 0),
    "kWh": ("Wh", 3),
    "W": ("W", 0),
    "kW": ("W", 3),
    "var": ("var", 0),
    "kvar": ("var", 3),
    "varh": ("varh", 0),
    "kvarh": ("varh", 3),
    "VA": ("VA", 0),
    "kVA": ("VA", 3),
    "VAh": ("VAh", 0),
    "kVAh": ("VAh", 3),
    "A": ("A", 0),
    "V": ("V", 0),
    "Celcius": ("Celsius", 0),  # J-errata 2.1: both spellings are in the field
    "Hertz": ("Hz", 0),
}
"""Unit on the wire → base unit and power of ten; every other unit stays as it came."""

Group = dict[tuple[datetime, str], list[Reading]]


def samples_16(values: Iterable[Mapping[str, Any]], at: datetime | None = None) -> tuple[Sample, ...]:
    """1.6 `meterValue` and `transactionData`; `at` where an entry's own time cannot be read."""
    groups: Group = {}
    for entry in values:
        instant = read_timestamp(entry["timestamp"]).at or at or UNTIMED
        for sampled in entry["sampledValue"]:
            context = sampled.get("context", PERIODIC)
            readings = groups.get((instant, context))
            if readings is None:
                readings = groups[instant, context] = []
            readings.append(_reading_16(sampled))
    return _samples(groups)


def samples_2x(values: Iterable[Mapping[str, Any]], at: datetime | None = None) -> tuple[Sample, ...]:
    """2.x `meterValue`; `at` where an entry's own time cannot be read."""
    groups: Group = {}
    for entry in values:
        instant = read_timestamp(entry["timestamp"]).at or at or UNTIMED
        for sampled in entry["sampledValue"]:
            context = sampled.get("context", PERIODIC)
            readings = groups.get((instant, context))
            if readings is None:
                readings = groups[instant, context] = []
            readings.append(_reading_2x(sampled))
    return _samples(groups)


def meter_sample(at: datetime | None, context: str, meter: int | float | Decimal | str) -> Sample:
    """The one-register sample that 1.6 sends as `meterStart` and `meterStop` (Wh).

    By the schema it is an integer; fractional registers and numbers written as text get through too.
    """
    value = scaled(decimal_of(meter), 0)
    text = "" if value is not None else str(meter)[:TEXT_LIMIT]
    return Sample(at or UNTIMED, context, (Reading(ENERGY_IMPORT, value, "Wh", "", "", text),))


def with_stop(stop: Sample, others: Sequence[Sample]) -> tuple[Sample, ...]:
    """`stop` before the other samples; one of the same instant and context is joined to it, not beside it."""
    joined = stop.readings
    rest = []
    for sample in others:
        if sample.at == stop.at and sample.context == END:
            joined += sample.readings
        else:
            rest.append(sample)
    return (Sample(stop.at, stop.context, joined), *rest)


def newest(samples: Iterable[Sample]) -> datetime | None:
    """The latest instant among `samples` that could be read."""
    return max((sample.at for sample in samples if sample.at is not UNTIMED), default=None)


KEY_LIMIT = 2_500
"""2.1 allows so many characters for the public key beside signed data."""
TEXT_LIMIT = 40_000
"""Characters kept of what is no number: 2.1 allows 32,768 for signed data."""


def _samples(groups: Group) -> tuple[Sample, ...]:
    return tuple([Sample(at, context, tuple(readings)) for (at, context), readings in groups.items()])


def _reading_16(sampled: Mapping[str, Any]) -> Reading:
    get = sampled.get
    measurand = get("measurand", ENERGY_IMPORT)
    unit = get("unit") or _default_unit(measurand)
    base, exponent = BASE_UNITS.get(unit) or (unit, 0)
    location = get("location", "")
    raw = sampled["value"]
    value = None
    if get("format") != "SignedData":  # 1.6 §7.31: hexadecimal, and digits alone would read as a number
        value = scaled(decimal_of(raw), exponent)
    if value is None:
        return Reading(measurand, None, unit, get("phase", ""), _place(location), raw[:TEXT_LIMIT])
    return Reading(measurand, value, base, get("phase", ""), "" if location == OUTLET else location)


def _reading_2x(sampled: Mapping[str, Any]) -> Reading:
    get = sampled.get
    measurand = get("measurand", ENERGY_IMPORT)
    measure = get("unitOfMeasure")
    unit, multiplier = "", 0
    if measure is not None:
        unit, multiplier = measure.get("unit", ""), measure.get("multiplier", 0)
    unit = unit or _default_unit(measurand)
    base, exponent = BASE_UNITS.get(unit) or (unit, 0)
    signed = get("signedMeterValue")
    text = signed["signedMeterData"][:TEXT_LIMIT] if signed is not None else ""
    value = None
    if -MULTIPLIER_BOUND <= multiplier <= MULTIPLIER_BOUND:
        value = scaled(decimal_of(sampled["value"]), exponent + multiplier)
    if value is None:
        text = text or f"{sampled['value']}e{multiplier}"[:TEXT_LIMIT]
        base = unit
    key = signed.get("publicKey", "")[:KEY_LIMIT] if signed is not None else ""
    return Reading(measurand, value, base, get("phase", ""), _place(get("location", "")), text, key)


def _place(location: str) -> str:
    """The outlet is where a value is measured when nothing is said (1.6 §7.31, 2.x SampledValueType)."""
    return "" if location == OUTLET else location


def _default_unit(measurand: str) -> str:
    """`Wh` for energy; for anything else a missing unit stays missing (1.6 §7.31, 2.x SampledValueType)."""
    return "Wh" if measurand.startswith("Energy.Active.") else ""


def scaled(value: Decimal | None, exponent: int) -> Decimal | None:
    """`value` × 10^`exponent`, exactly; None where it is no number that anything measures."""
    if value is None:
        return None
    if exponent:
        sign, digits, place = value.as_tuple()
        value = Decimal((sign, digits, int(place) + exponent))
    if not -LARGEST < value < LARGEST or int(value.as_tuple().exponent) < SMALLEST_EXPONENT:
        return None
    return value
