"""DeleteCertificate of 1.6 (security extension M04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.certificate_hashes import certificate_hash
from adapters.ocpp.operation import WireCall
from domain.commands.certificates import DeleteCertificate
from domain.commands.intent import Abilities, Answer

ACTIONS = ("DeleteCertificate",)


def to_call(intent: DeleteCertificate, abilities: Abilities) -> WireCall:
    """The call."""
    return WireCall("DeleteCertificate", {"certificateHashData": certificate_hash(intent.certificate)})


def to_answer(intent: DeleteCertificate, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Failed, NotFound."""
    return answered(payload)
