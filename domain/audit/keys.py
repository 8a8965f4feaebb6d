"""The keys of a log over time: each signs from its adoption until it is retired, and several may at once."""

from typing import Any

import msgspec

from domain.audit.events import KeyAdopted, KeyRetired
from domain.audit.notes import NoteKey, read_key
from domain.event import Event, Fact


class KeyUnknown(Exception):
    """No key with this id was adopted; `zeus audit key list` shows those that were."""


class LastKey(Exception):
    """It is the only key that signs: adopt another one first with `zeus audit key rotate`."""


class AuditKeys(msgspec.Struct):
    """State of the keys; the only way to change it is `when`."""

    stream: str
    version: int = 0
    adopted: dict[str, NoteKey] = msgspec.field(default_factory=dict)
    """By id, the oldest first; those that were retired too, since what they signed has to be checked."""
    retired: set[str] = msgspec.field(default_factory=set)

    @property
    def signing(self) -> list[NoteKey]:
        """The keys that sign."""
        return [key for key_id, key in self.adopted.items() if key_id not in self.retired]

    def adopt(self, key: NoteKey) -> list[Fact]:
        """The key signs from now on; adopted twice is adopted once, and a retired one stays so."""
        return [] if key.id in self.adopted else [KeyAdopted(key=key.encoded)]

    def retire(self, key_id: str, reason: str) -> list[Fact]:
        """The key signs no more. Raises KeyUnknown, LastKey."""
        if key_id not in self.adopted:
            raise KeyUnknown(key_id)
        if key_id in self.retired:
            return []
        if len(self.signing) == 1:
            raise LastKey(key_id)
        return [KeyRetired(key_id=key_id, reason=reason)]

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state; never refuses, never looks at a clock."""
        self.version = event.originator_version
        match event.fact:
            case KeyAdopted(key=encoded):
                key = read_key(encoded)
                self.adopted[key.id] = key
            case KeyRetired(key_id=key_id):
                self.retired.add(key_id)
            case _:
                pass


def keys_stream(tenant: str) -> str:
    """The stream of an installation's keys, under the tenant of its settings."""
    return f"audit/{tenant}/keys"


def checkpoints_stream(tenant: str) -> str:
    """The stream of its checkpoints."""
    return f"audit/{tenant}/checkpoints"


def exports_stream(tenant: str) -> str:
    """The stream of what was taken out of a tenant's log."""
    return f"audit/{tenant}/exports"
