"""CustomerInformation of 2.x (N09, N10)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.certificate_hashes import certificate_hash
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.tokens import id_token
from domain.commands.drivers import CustomerInformation
from domain.commands.intent import Abilities, Answer

ACTIONS = ("CustomerInformation",)


def to_call(intent: CustomerInformation, abilities: Abilities) -> WireCall:
    """The call. Refused: no customer, or one named twice; neither a report nor deletion."""
    if not (intent.report or intent.clear):
        raise CannotSay("Ask for a report, for deletion, or for both.")
    token, certificate = intent.id_token, intent.certificate
    named = filled(
        {
            "idToken": None if token is None else id_token(token),
            "customerCertificate": None if certificate is None else certificate_hash(certificate),
            "customerIdentifier": intent.customer,
        }
    )
    if len(named) != 1:
        raise CannotSay("A customer is named in one way: by token, certificate or identifier (N09.FR.09).")
    asked = {"requestId": intent.request_id, "report": intent.report, "clear": intent.clear}
    return WireCall("CustomerInformation", asked | named)


def to_answer(intent: CustomerInformation, payload: Mapping[str, Any]) -> Answer:
    """Accepted: the report follows; Rejected, Invalid."""
    return answered(payload)
