"""Any action of a version in its own words, for engineers; the schema is checked like everywhere."""

from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.ocpp.answers import answered, plain
from adapters.ocpp.directions import actions_from_csms
from adapters.ocpp.operation import CannotSay, WireCall
from adapters.ocpp.secrets import HIDDEN, masked, without_passwords
from adapters.ocpp.versions import Version
from domain.commands.intent import Abilities, Answer
from domain.commands.upkeep import Raw


class RawCall:
    """The raw call of one version."""

    def __init__(self, version: Version) -> None:
        self.version = version

    @property
    def ACTIONS(self) -> tuple[str, ...]:  # noqa: N802 — as in the modules of the other operations
        """All that we may send."""
        return tuple(sorted(actions_from_csms(self.version)))

    def to_call(self, intent: Raw, abilities: Abilities) -> WireCall:
        """The call. Refused: an action that is not ours to send; a password."""
        if intent.action not in actions_from_csms(self.version):
            raise CannotSay(f"OCPP {self.version} has no message {intent.action!r} for us to send.")
        text = msgspec.json.encode(intent.payload).decode()
        if without_passwords(text).count(HIDDEN) > text.count(HIDDEN):
            raise CannotSay("The password is changed by ChangePassword, which keeps it out of the log.")
        return WireCall(intent.action, intent.payload)

    def to_answer(self, intent: Raw, payload: Mapping[str, Any]) -> Answer:
        """By its status where it has one. Result: the payload as told."""
        return answered(payload, masked(plain(payload)))
