"""CertificateSigned of 1.6 (security extension A02); the certificate is the charge point's own."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.told_settings import check_count, told_number
from domain.commands.certificates import CertificateSigned
from domain.commands.intent import Abilities, Answer

ACTIONS = ("CertificateSigned",)


def to_call(intent: CertificateSigned, abilities: Abilities) -> WireCall:
    """The call. Refused: a certificate for ISO 15118; a chain beyond CertificateSignedMaxChainSize."""
    if intent.purpose not in ("", "ChargingStationCertificate"):
        raise CannotSay(f"OCPP 1.6 delivers the charger's own certificate, no {intent.purpose}.")
    longest = told_number(abilities, "CertificateSignedMaxChainSize")
    check_count(len(intent.chain.encode()), longest, "bytes of certificates")
    return WireCall("CertificateSigned", {"certificateChain": intent.chain})


def to_answer(intent: CertificateSigned, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected."""
    return answered(payload)
