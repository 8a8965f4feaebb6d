"""GetInstalledCertificateIds of 2.x (M03)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import reason_of
from adapters.ocpp.certificate_hashes import named_in
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from domain.commands.certificates import GetInstalledCertificateIds
from domain.commands.intent import Abilities, Answer, Verdict

ACTIONS = ("GetInstalledCertificateIds",)


def to_call(intent: GetInstalledCertificateIds, abilities: Abilities) -> WireCall:
    """The call."""
    payload = filled({"certificateType": list(intent.kinds)})
    return WireCall("GetInstalledCertificateIds", payload)


def to_answer(intent: GetInstalledCertificateIds, payload: Mapping[str, Any]) -> Answer:
    """Accepted, NotFound; result `{"certificates": [{"kind", "algorithm", "issuer_name", "issuer_key", "serial"}]}`.

    Those below it in a chain stand under `children`, where there are any. NotFound answers the question too: there
    are none. It is no refusal.
    """
    found = [_chain(told) for told in payload.get("certificateHashDataChain") or ()]
    return Answer(
        verdict=Verdict.AGREED,
        status=payload.get("status", ""),
        reason=reason_of(payload.get("statusInfo")),
        result={"certificates": found},
    )


def _chain(told: Mapping[str, Any]) -> dict[str, Any]:
    children = [named_in(child) for child in told.get("childCertificateHashData") or ()]
    first = {"kind": told["certificateType"], **named_in(told["certificateHashData"])}
    return first | filled({"children": children})
