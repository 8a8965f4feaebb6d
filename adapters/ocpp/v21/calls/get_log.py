"""GetLog of 2.1 (N01), which has one kind of log more."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.operation import WireCall
from adapters.ocpp.v2x.calls import get_log as v2x_log
from domain.commands.files import GetLog, LogKind
from domain.commands.intent import Abilities, Answer

ACTIONS = ("GetLog",)
KINDS: Mapping[LogKind, str] = {
    LogKind.DIAGNOSTICS: "DiagnosticsLog",
    LogKind.SECURITY: "SecurityLog",
    LogKind.DATA_COLLECTOR: "DataCollectorLog",
}


def to_call(intent: GetLog, abilities: Abilities) -> WireCall:
    """The call. Refused: a protocol the charger does not have."""
    return v2x_log.log_call(intent, abilities, KINDS[intent.kind])


def to_answer(intent: GetLog, payload: Mapping[str, Any]) -> Answer:
    """Accepted, AcceptedCanceled; Rejected. Result `{"file_name"}`, null where it told none."""
    return v2x_log.to_answer(intent, payload)
