"""InstallCertificate of 1.6 (security extension M05)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v16.calls.certificates import kind_of
from domain.commands.certificates import InstallCertificate
from domain.commands.intent import Abilities, Answer

ACTIONS = ("InstallCertificate",)


def to_call(intent: InstallCertificate, abilities: Abilities) -> WireCall:
    """The call. Refused: kinds for ISO 15118."""
    payload = {"certificateType": kind_of(intent.kind), "certificate": intent.certificate}
    return WireCall("InstallCertificate", payload)


def to_answer(intent: InstallCertificate, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Failed, Rejected."""
    return answered(payload)
