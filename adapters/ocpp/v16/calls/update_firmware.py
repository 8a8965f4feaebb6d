"""UpdateFirmware (1.6 §5.19) and SignedUpdateFirmware (security extension L01)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled, retries
from adapters.ocpp.told_settings import check_transfer
from domain.commands.files import UpdateFirmware
from domain.commands.intent import Abilities, Answer

ACTIONS = ("UpdateFirmware", "SignedUpdateFirmware")
PROTOCOLS = "SupportedFileTransferProtocols"


def to_call(intent: UpdateFirmware, abilities: Abilities) -> WireCall:
    """The call. Refused: a signature without certificate; a time to install unsigned firmware; a foreign protocol."""
    check_transfer(intent.location, abilities, PROTOCOLS)
    if bool(intent.certificate) != bool(intent.signature):
        raise CannotSay("Signed firmware needs both the signature and the certificate it is checked against.")
    return _signed(intent) if intent.signature else _unsigned(intent)


def to_answer(intent: UpdateFirmware, payload: Mapping[str, Any]) -> Answer:
    """Accepted, AcceptedCanceled; Rejected, InvalidCertificate, RevokedCertificate. Unsigned: no status."""
    return answered(payload)


def _unsigned(intent: UpdateFirmware) -> WireCall:
    if intent.install_at is not None:
        raise CannotSay("Plain OCPP 1.6 installs when the download is done; it takes no time to install at.")
    payload = filled({"location": intent.location, "retrieveDate": intent.retrieve_at})
    return WireCall("UpdateFirmware", payload | retries(intent))


def _signed(intent: UpdateFirmware) -> WireCall:
    firmware = filled(
        {
            "location": intent.location,
            "retrieveDateTime": intent.retrieve_at,
            "installDateTime": intent.install_at,
            "signingCertificate": intent.certificate,
            "signature": intent.signature,
        }
    )
    payload: dict[str, Any] = {"requestId": intent.request_id, "firmware": firmware}
    return WireCall("SignedUpdateFirmware", payload | retries(intent))
