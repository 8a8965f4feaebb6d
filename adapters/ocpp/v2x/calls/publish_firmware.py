"""PublishFirmware of 2.x (L03): to a local controller."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.optional_fields import retries
from adapters.ocpp.told_settings import check_transfer
from adapters.ocpp.v2x.calls.checksums import md5
from adapters.ocpp.v2x.calls.update_firmware import PROTOCOLS
from domain.commands.files import PublishFirmware
from domain.commands.intent import Abilities, Answer

ACTIONS = ("PublishFirmware",)


def to_call(intent: PublishFirmware, abilities: Abilities) -> WireCall:
    """The call. Refused: a checksum that is no MD5; a protocol the charger does not have."""
    check_transfer(intent.location, abilities, PROTOCOLS)
    payload = {
        "location": intent.location,
        "checksum": md5(intent.checksum),
        "requestId": intent.request_id,
    }
    return WireCall("PublishFirmware", payload | retries(intent))


def to_answer(intent: PublishFirmware, payload: Mapping[str, Any]) -> Answer:
    """Accepted; Rejected."""
    return answered(payload)
