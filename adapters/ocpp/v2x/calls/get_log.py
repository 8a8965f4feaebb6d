"""GetLog of 2.x (N01)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled, retries
from adapters.ocpp.told_settings import check_transfer
from adapters.ocpp.v2x.calls.update_firmware import PROTOCOLS
from domain.commands.files import GetLog, LogKind
from domain.commands.intent import Abilities, Answer

ACTIONS = ("GetLog",)
KINDS: Mapping[LogKind, str] = {LogKind.DIAGNOSTICS: "DiagnosticsLog", LogKind.SECURITY: "SecurityLog"}


def to_call(intent: GetLog, abilities: Abilities) -> WireCall:
    """The call. Refused: the log of a data collector (2.1 has it); a protocol the charger does not have."""
    if intent.kind not in KINDS:
        raise CannotSay("The log of a data collector came with OCPP 2.1.")
    return log_call(intent, abilities, KINDS[intent.kind])


def log_call(intent: GetLog, abilities: Abilities, kind: str) -> WireCall:
    """With the type chosen."""
    check_transfer(intent.location, abilities, PROTOCOLS)
    times = filled({"oldestTimestamp": intent.oldest_at, "latestTimestamp": intent.latest_at})
    payload: dict[str, Any] = {
        "log": {"remoteLocation": intent.location, **times},
        "logType": kind,
        "requestId": intent.request_id,
    }
    return WireCall("GetLog", payload | retries(intent))


def to_answer(intent: GetLog, payload: Mapping[str, Any]) -> Answer:
    """Accepted, AcceptedCanceled; Rejected. Result `{"file_name"}`, null where it told none."""
    return answered(payload, {"file_name": payload.get("filename") or None})
