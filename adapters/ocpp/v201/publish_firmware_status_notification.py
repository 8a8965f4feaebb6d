"""PublishFirmwareStatusNotification (2.0.1): how far a local controller has come; answered empty (L03)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.firmware import publication_status
from application.reports import Report


def to_report(payload: Mapping[str, Any]) -> Report:
    """See PublishFirmwareStatusNotification in `v2x/firmware.py`."""
    return publication_status(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Empty: the message is a notice."""
    return {}
