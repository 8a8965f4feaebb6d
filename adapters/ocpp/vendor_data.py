"""DataTransfer of vendors seen in the field: what it means and what is answered."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from adapters.ocpp.metering import BASE_UNITS, scaled
from adapters.ocpp.numbers import decimal_of
from application.reports import TransactionAnswer
from domain.chargers.events import DataTransferred, Metered
from domain.metering import UNTIMED, Reading, Sample

EVBOX_VENDOR = "EV-BOX"
EVBOX_PREFIX = "evb"
"""`evbStatusNotification`, `evbGPSNotification` …: their text is not published, so it is kept and no more."""
BENY_VENDORS = frozenset({"com.zjbeny.dlb", "ZJBENY"})
BENY_METER = "dlbMeter"
CONTEXT = "Other"
"""The vendor does not say why it measures."""


def report_of(vendor_id: str, message_id: str, data: Any) -> DataTransferred | Metered:
    """The fact that a DataTransfer tells."""
    if vendor_id in BENY_VENDORS and message_id == BENY_METER:
        readings = beny_readings(data)
        if readings:
            return Metered(evse_id=0, connector_id=0, samples=(Sample(UNTIMED, CONTEXT, readings),))
    return DataTransferred(
        vendor_id=vendor_id, message_id=message_id, answered=_verdict(vendor_id, message_id)
    )


def answered(outcome: object) -> str:
    """The status of the answer: what the fact says; readings taken from vendor data are Accepted."""
    if isinstance(outcome, DataTransferred):
        return outcome.answered
    if isinstance(outcome, TransactionAnswer):
        return "Accepted"
    raise TypeError(f"DataTransfer has no answer for {type(outcome).__name__}")


def _verdict(vendor_id: str, message_id: str) -> str:
    if vendor_id == EVBOX_VENDOR:
        return "Accepted" if message_id.startswith(EVBOX_PREFIX) else "UnknownMessageId"
    if vendor_id in BENY_VENDORS:
        return "Accepted" if message_id == BENY_METER else "UnknownMessageId"
    return "UnknownVendorId"


# Beny's load balancing meter: `DLBMode:Solar,Current.HomeLoad:1A,Power.Grid.L1:230W`, or the same as JSON.

_KEY = re.compile(r"(Current|Power)\.(HomeLoad|Solar|EVSE|Grid)(?:\.(L[1-3]))?")
_VALUE = re.compile(r"\s*([-+]?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")
_MEASURANDS = {"Current": ("Current.Import", "A"), "Power": ("Power.Active.Import", "W")}
_LOCATIONS = {"Grid": "Upstream"}
"""2.1 calls the point between site and grid `Upstream`; the vendor's other places keep the vendor's names."""
_ENTRIES = 64


def beny_readings(data: Any) -> tuple[Reading, ...]:
    """Readings of the site's meter; empty where `data` holds none that can be read."""
    found = []
    for key, value in _pairs(data)[:_ENTRIES]:
        match = _KEY.fullmatch(key.strip())
        reading = _reading(match, value) if match else None
        if reading is not None:
            found.append(reading)
    return tuple(found)


def _pairs(data: Any) -> list[tuple[str, str]]:
    if isinstance(data, str):
        if not data.lstrip().startswith("{"):
            return [(key, value) for key, _, value in (part.partition(":") for part in data.split(","))]
        try:
            data = orjson.loads(data)
        except orjson.JSONDecodeError:
            return []
    return [(str(key), str(value)) for key, value in data.items()] if isinstance(data, Mapping) else []


def _reading(key: re.Match[str], value: str) -> Reading | None:
    match = _VALUE.fullmatch(value)
    if match is None:
        return None
    measurand, default = _MEASURANDS[key[1]]
    unit, exponent = BASE_UNITS.get(match[2] or default, ("", 0))
    number = scaled(decimal_of(match[1]), exponent)
    if number is None or unit != default:  # an unknown unit, or amperes of power: not a reading to rely on
        return None
    return Reading(measurand, number, unit, key[3] or "", _LOCATIONS.get(key[2], key[2]))
