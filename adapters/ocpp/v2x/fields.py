"""Fields of a 2.x payload: optional times and numbers, and the objects many messages share."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.ocpp.numbers import decimal_of
from adapters.ocpp.timestamps import read_timestamp
from adapters.ocpp.whole_numbers import int32

Payload = Mapping[str, Any]
"""A JSON object its schema has passed."""


def time_in(payload: Payload, name: str) -> datetime | None:
    """The instant (UTC); None where the field is absent or cannot be read as a time."""
    value = payload.get(name)
    return None if value is None else read_timestamp(value).at


def number_in(payload: Payload, name: str) -> Decimal | None:
    """The exact number, None where the field is absent."""
    value = payload.get(name)
    return None if value is None else decimal_of(value)


def whole_in(payload: Payload, name: str) -> int | None:
    """The integer within 32 bits, None where the field is absent."""
    value = payload.get(name)
    return None if value is None else int32(value)


def texts_in(payload: Payload, name: str) -> tuple[str, ...]:
    """The list of texts, empty where the field is absent."""
    return tuple(payload.get(name, ()))


def reason_in(payload: Payload) -> tuple[str, str]:
    """(reason code, further words) of a statusInfo, empty where there is none."""
    info = payload.get("statusInfo") or {}
    return info.get("reasonCode", ""), info.get("additionalInfo", "")
