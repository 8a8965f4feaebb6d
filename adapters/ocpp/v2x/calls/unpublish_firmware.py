"""UnpublishFirmware of 2.x (L04)."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.answers import answered
from adapters.ocpp.operation import WireCall
from adapters.ocpp.v2x.calls.checksums import md5
from domain.commands.files import UnpublishFirmware
from domain.commands.intent import Abilities, Answer

ACTIONS = ("UnpublishFirmware",)


def to_call(intent: UnpublishFirmware, abilities: Abilities) -> WireCall:
    """The call. Refused: a checksum that is no MD5."""
    return WireCall("UnpublishFirmware", {"checksum": md5(intent.checksum)})


def to_answer(intent: UnpublishFirmware, payload: Mapping[str, Any]) -> Answer:
    """Unpublished; DownloadOngoing, NoFirmware."""
    return answered(payload)
