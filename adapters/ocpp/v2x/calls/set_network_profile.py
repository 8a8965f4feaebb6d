"""SetNetworkProfile of 2.x (B09)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.optional_fields import filled
from domain.commands.intent import Abilities, Answer
from domain.commands.settings import Apn, SetNetworkProfile

ACTIONS = ("SetNetworkProfile",)


def to_call(intent: SetNetworkProfile, abilities: Abilities) -> WireCall:
    """The call. Refused: another identity or password (2.1 has them)."""
    if intent.identity or intent.credential_id:
        raise CannotSay("Identity and password of a network profile can be told in OCPP 2.1 alone.")
    data = {**connection_data(intent), "ocppVersion": "OCPP20"}
    return WireCall("SetNetworkProfile", {"configurationSlot": intent.slot, "connectionData": data})


def connection_data(intent: SetNetworkProfile) -> dict[str, Any]:
    """NetworkConnectionProfileType without its version."""
    return filled(
        {
            "ocppTransport": "JSON",
            "messageTimeout": intent.message_timeout_s,
            "securityProfile": intent.security_profile,
            "ocppInterface": intent.interface,
            "apn": None if intent.apn is None else _apn(intent.apn),
        }
    ) | {"ocppCsmsUrl": intent.url}


def to_answer(intent: SetNetworkProfile, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, Failed."""
    return answered(payload)


def _apn(apn: Apn) -> dict[str, Any]:
    fields = {
        "apnUserName": apn.user,
        "preferredNetwork": apn.preferred_network,
        "useOnlyPreferredNetwork": apn.only_preferred,
    }
    return {"apn": apn.name, "apnAuthentication": apn.authentication, **filled(fields)}
