"""What one listener wants to hear."""

from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal, TypeAlias

import msgspec

from adapters.live.prepared import Prepared
from domain.tenants.roles import Right
from projections.live.catalogue import OCPP_MESSAGE
from projections.live.meters import METER_SAMPLE

Meter: TypeAlias = Literal["coalesced", "every", "none"]


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Filters, combined with AND; an empty one lets everything pass."""

    types: frozenset[str] = frozenset()
    """Names such as `session.started`, or globs such as `session.*`. `ocpp.message` is sent to those alone who
    name it."""
    chargers: frozenset[str] = frozenset()
    """Keys, in capitals."""
    connectors: frozenset[int] = frozenset()
    sessions: frozenset[str] = frozenset()
    meter: Meter = "coalesced"

    def wants(self, message: Prepared, rights: frozenset[Right]) -> bool:
        """Whether this message is for the listener, who has these rights. Readings are judged as they are."""
        if message.right not in rights:
            return False
        if message.type.startswith("stream."):  # about the stream itself: for everybody
            return True
        if not _wants_type(self.types, self.meter, message.type):
            return False
        if self.chargers and message.charger.upper() not in self.chargers:
            return False
        if self.connectors and message.connector not in self.connectors:
            return False
        return not self.sessions or message.session in self.sessions

    @property
    def frames(self) -> bool:
        """Does it name the frames?"""
        return OCPP_MESSAGE in self.types


@lru_cache(4096)
def _wants_type(types: frozenset[str], meter: Meter, kind: str) -> bool:
    if kind == METER_SAMPLE and meter == "none":
        return False
    if not types:
        return kind != OCPP_MESSAGE
    return kind in types or (kind != OCPP_MESSAGE and any(fnmatchcase(kind, glob) for glob in types))
