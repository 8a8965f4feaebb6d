"""NotifyPeriodicEventStream (2.1): values of a stream; a SEND, which gets no answer (N15)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.monitoring import stream_values
from application.reports import Report


class SendHasNoAnswer(TypeError):
    """A SEND was about to be answered; 2.1 part 4 §4.2.4 forbids it. The session must not ask for a reply."""


def to_report(payload: Mapping[str, Any]) -> Report:
    """See NotifyPeriodicEventStream in `v2x/monitoring.py`."""
    return stream_values(payload)


def to_answer(outcome: Any) -> dict[str, Any]:
    """Raises SendHasNoAnswer, always."""
    raise SendHasNoAnswer("NotifyPeriodicEventStream")
