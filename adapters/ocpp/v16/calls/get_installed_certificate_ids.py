"""GetInstalledCertificateIds of 1.6 (security extension M03): one kind at a time."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.certificate_hashes import named_in
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.v16.calls.certificates import kind_of
from domain.commands.certificates import GetInstalledCertificateIds
from domain.commands.intent import Abilities, Answer, Verdict

ACTIONS = ("GetInstalledCertificateIds",)


def to_call(intent: GetInstalledCertificateIds, abilities: Abilities) -> WireCall:
    """The call. Refused: no kind or several; kinds for ISO 15118."""
    if len(intent.kinds) != 1:
        raise CannotSay("OCPP 1.6 tells the certificates of one kind at a time.")
    return WireCall("GetInstalledCertificateIds", {"certificateType": kind_of(intent.kinds[0])})


def to_answer(intent: GetInstalledCertificateIds, payload: Mapping[str, Any]) -> Answer:
    """Accepted, NotFound; result `{"certificates": [{"kind", "algorithm", "issuer_name", "issuer_key", "serial"}]}`.

    NotFound answers the question too: there are none. It is no refusal.
    """
    found = [{"kind": intent.kinds[0], **named_in(told)} for told in payload.get("certificateHashData") or ()]
    return Answer(verdict=Verdict.AGREED, status=payload.get("status", ""), result={"certificates": found})
