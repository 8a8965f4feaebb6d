"""An action at the edge: wire to report, outcome to wire; two pure functions, one module each."""

from collections.abc import Mapping
from typing import Any, Protocol

from application.reports import Report


class Action(Protocol):
    """What a module such as `adapters/ocpp/v16/boot_notification.py` offers."""

    def to_report(self, payload: Mapping[str, Any]) -> Report:
        """A schema-valid payload in our words."""

    def to_answer(self, outcome: Any) -> dict[str, Any]:
        """The payload of the CALLRESULT for what was decided."""
