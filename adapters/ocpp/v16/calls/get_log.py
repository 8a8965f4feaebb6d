"""GetDiagnostics (1.6 §5.9) and GetLog (security extension N01)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled, retries
from adapters.ocpp.told_settings import check_transfer
from adapters.ocpp.v16.calls.security_extension import has_extension
from domain.commands.files import GetLog, LogKind
from domain.commands.intent import Abilities, Answer

ACTIONS = ("GetDiagnostics", "GetLog")
PROTOCOLS = "SupportedFileTransferProtocols"
KINDS: Mapping[LogKind, str] = {LogKind.DIAGNOSTICS: "DiagnosticsLog", LogKind.SECURITY: "SecurityLog"}


def to_call(intent: GetLog, abilities: Abilities) -> WireCall:
    """The call. Refused: a security log without the security extension; a protocol the charger does not have."""
    check_transfer(intent.location, abilities, PROTOCOLS)
    extension = has_extension(abilities)
    if intent.kind not in KINDS:
        raise CannotSay("OCPP 1.6 has no log of a data collector.")
    if intent.kind is LogKind.DIAGNOSTICS and not extension:
        return _diagnostics(intent)
    if extension is False:
        raise CannotSay("This charger has no security log: it lacks the security extension of OCPP 1.6.")
    return _log(intent)


def to_answer(intent: GetLog, payload: Mapping[str, Any]) -> Answer:
    """Accepted, AcceptedCanceled; Rejected. Result `{"file_name"}`, null where the charger has nothing to upload."""
    name = payload.get("filename") or payload.get("fileName") or None
    return answered(payload, {"file_name": name})


def _diagnostics(intent: GetLog) -> WireCall:
    times = filled({"startTime": intent.oldest_at, "stopTime": intent.latest_at})
    return WireCall("GetDiagnostics", {"location": intent.location, **times, **retries(intent)})


def _log(intent: GetLog) -> WireCall:
    times = filled({"oldestTimestamp": intent.oldest_at, "latestTimestamp": intent.latest_at})
    log = {"remoteLocation": intent.location, **times}
    payload: dict[str, Any] = {"log": log, "logType": KINDS[intent.kind], "requestId": intent.request_id}
    return WireCall("GetLog", payload | retries(intent))
