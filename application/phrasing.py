"""Values as people write them: places, amounts, readings, tokens."""

from decimal import Decimal

from domain.identity import IdToken
from domain.metering import ENERGY_IMPORT, Reading, Sample

SHOWN = 4
"""Readings a sentence names; the rest is counted."""

_WORDS = {
    ENERGY_IMPORT: "meter",
    "Power.Active.Import": "power",
    "Current.Import": "current",
    "Voltage": "voltage",
    "SoC": "state of charge",
    "Temperature": "temperature",
}
_UNITS = {"Percent": "%", "Celsius": "°C"}
_FIRST = (ENERGY_IMPORT, "Power.Active.Import", "SoC")


def place(evse_id: int, connector_id: int) -> str:
    """Where: EVSE 0 is the charger itself, connector 1 of an EVSE goes without saying."""
    if evse_id == 0:
        return "The charger"
    return f"EVSE {evse_id}" if connector_id in (0, 1) else f"EVSE {evse_id} connector {connector_id}"


def amount(value: Decimal | None) -> str:
    """An exact figure without an exponent; `unknown` for none."""
    if value is None:
        return "unknown"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def kwh(wh: int) -> str:
    """Energy as drivers know it: 12.345 kWh."""
    return f"{Decimal(wh) / 1000:.3f} kWh"


def token(id_token: IdToken) -> str:
    """The token itself: an auditor has to tell one from another."""
    return id_token.value


def told_as(name: str) -> str:
    """A name for people, in brackets where there is one."""
    return f" ({name})" if name else ""


def joined(*parts: str) -> str:
    """The parts that are there, with commas."""
    return ", ".join(part for part in parts if part)


def readings(samples: tuple[Sample, ...]) -> str:
    """The newest sample in words, the meter first, and how many values there were besides."""
    if not samples:
        return "nothing"
    newest = max(samples, key=lambda sample: sample.at)
    chosen = sorted(newest.readings, key=_rank)[:SHOWN]
    rest = sum(len(sample.readings) for sample in samples) - len(chosen)
    words = ", ".join(_reading(reading) for reading in chosen) or "nothing"
    return f"{words} and {rest} more" if rest else words


def _rank(reading: Reading) -> tuple[int, int]:
    known = _FIRST.index(reading.measurand) if reading.measurand in _FIRST else len(_FIRST)
    return known, len(reading.phase)


def _reading(reading: Reading) -> str:
    word = _WORDS.get(reading.measurand, reading.measurand)
    phase = f" {reading.phase}" if reading.phase else ""
    if reading.value is None:
        return f"{word}{phase} as text ({len(reading.text)} characters)"
    unit = _UNITS.get(reading.unit, reading.unit)
    return f"{word}{phase} {amount(reading.value)} {unit}".rstrip()
