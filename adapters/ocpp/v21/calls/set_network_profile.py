"""SetNetworkProfile of 2.1 (B09): the version is negotiated; identity and password may be other ones."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import filled
from adapters.ocpp.v2x.calls.set_network_profile import connection_data
from domain.commands.intent import SECRET, Abilities, Answer
from domain.commands.settings import SetNetworkProfile

ACTIONS = ("SetNetworkProfile",)


def to_call(intent: SetNetworkProfile, abilities: Abilities) -> WireCall:
    """The call."""
    password = SECRET if intent.credential_id else ""
    data = connection_data(intent) | filled({"identity": intent.identity, "basicAuthPassword": password})
    return WireCall("SetNetworkProfile", {"configurationSlot": intent.slot, "connectionData": data})


def to_answer(intent: SetNetworkProfile, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected, Failed."""
    return answered(payload)
