"""An action at the edge: wire to report, outcome to wire; two pure functions, one module each."""

from collections.abc import Mapping
from typing import Any, Protocol

from application.reports import Report


class Action(Protocol):
    """What a module such as `adapters/ocpp/v16/boot_notification.py` offers."""

    @staticmethod
    def to_report(payload: Mapping[str, Any]) -> Report:
        """A schema-valid payload in our words."""

    @staticmethod
    def to_answer(outcome: Any) -> dict[str, Any]:
        """The payload of the CALLRESULT for what was decided."""
