"""Fields of a payload that are left out where there is nothing to say."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.ocpp.timestamps import write_timestamp
from domain.commands.files import GetLog, PublishFirmware, UpdateFirmware


def filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without the fields that are None, an empty text or an empty list; 0 and False stay. Times are written."""
    return {
        name: write_timestamp(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
        if not _is_nothing(value)
    }


def retries(intent: UpdateFirmware | PublishFirmware | GetLog) -> dict[str, Any]:
    """How often and how soon to try again, where the intent says so."""
    return filled({"retries": intent.retries, "retryInterval": intent.retry_interval_s})


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)
