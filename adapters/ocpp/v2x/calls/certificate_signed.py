"""CertificateSigned of 2.x (A02, A03)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.told_settings import check_count, told_number
from domain.commands.certificates import CertificateSigned
from domain.commands.intent import Abilities, Answer

ACTIONS = ("CertificateSigned",)
LONGEST = "SecurityCtrlr.MaxCertificateChainSize"


def to_call(intent: CertificateSigned, abilities: Abilities) -> WireCall:
    """The call. Refused: a chain longer than the charger takes."""
    check_count(len(intent.chain), told_number(abilities, LONGEST), "characters of certificates")
    purpose = filled({"certificateType": intent.purpose})
    return WireCall("CertificateSigned", {"certificateChain": intent.chain, **purpose})


def to_answer(intent: CertificateSigned, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected."""
    return answered(payload)
