"""CertificateSigned of 2.1 (A02, A03), which names the request it answers."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls import certificate_signed as v2x_certificate
from domain.commands.certificates import CertificateSigned
from domain.commands.intent import Abilities, Answer

ACTIONS = ("CertificateSigned",)


def to_call(intent: CertificateSigned, abilities: Abilities) -> WireCall:
    """The call. Refused: a chain longer than the charger takes."""
    call = v2x_certificate.to_call(intent, abilities)
    return WireCall(call.action, call.payload | filled({"requestId": intent.request_id}))


def to_answer(intent: CertificateSigned, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected."""
    return v2x_certificate.to_answer(intent, payload)
