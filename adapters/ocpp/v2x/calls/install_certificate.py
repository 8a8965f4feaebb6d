"""InstallCertificate of 2.x (M05)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from domain.commands.certificates import InstallCertificate
from domain.commands.intent import Abilities, Answer

ACTIONS = ("InstallCertificate",)


def to_call(intent: InstallCertificate, abilities: Abilities) -> WireCall:
    """The call."""
    payload = {"certificateType": intent.kind, "certificate": intent.certificate}
    return WireCall("InstallCertificate", payload)


def to_answer(intent: InstallCertificate, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Failed, Rejected."""
    return answered(payload)
