"""FirmwareStatusNotification (2.0.1): how far a firmware update has come; answered empty (L01)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.firmware import firmware_status
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See FirmwareStatusNotification in `v2x/firmware.py`."""
    return firmware_status(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
