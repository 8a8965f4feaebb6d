"""UpdateFirmware of 2.x (L01, L02)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled, retries
from adapters.ocpp.told_settings import check_transfer
from domain.commands.files import UpdateFirmware
from domain.commands.intent import Abilities, Answer

ACTIONS = ("UpdateFirmware",)
PROTOCOLS = "OCPPCommCtrlr.FileTransferProtocols"


def to_call(intent: UpdateFirmware, abilities: Abilities) -> WireCall:
    """The call. Refused: a signature without certificate; a protocol the charger does not have."""
    check_transfer(intent.location, abilities, PROTOCOLS)
    if bool(intent.certificate) != bool(intent.signature):
        raise CannotSay("Signed firmware needs both the signature and the certificate it is checked against.")
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
    return WireCall("UpdateFirmware", payload | retries(intent))


def to_answer(intent: UpdateFirmware, payload: Mapping[str, Any]) -> Answer:
    """Accepted, AcceptedCanceled; Rejected, InvalidCertificate, RevokedCertificate."""
    return answered(payload)
