"""The public keys of a charger's meter: registered by somebody, never taken from a message."""

from datetime import datetime
from typing import Any

import msgspec

from domain.event import Event, Fact
from domain.identity import ChargerId
from domain.signed_values.events import MeterKeyMissed, MeterKeyRegistered, MeterKeyWithdrawn


class MeterKeyUnknown(Exception):
    """The charger has no meter key with this id; `zeus meter-key list` shows those it has."""


class MeterKey(msgspec.Struct):
    """One key."""

    id: str
    key: str
    curve: str
    meter: str
    note: str
    registered_at: datetime
    registered_by: str
    withdrawn_at: datetime | None = None


class MeterKeys(msgspec.Struct):
    """State of a charger's meter keys; the only way to change it is `when`."""

    stream: str
    version: int = 0
    keys: dict[str, MeterKey] = msgspec.field(default_factory=dict)
    """By id, the oldest first."""
    waiting: dict[str, None] = msgspec.field(default_factory=dict)
    """Streams of transactions whose signed values fit no key."""

    def in_force(self, ended_at: datetime) -> list[MeterKey]:
        """Those that count for a session that ended then."""
        return [key for key in self.keys.values() if key.withdrawn_at is None or ended_at < key.withdrawn_at]

    def register(self, key_id: str, key: str, curve: str, meter: str, note: str) -> list[Fact]:
        """Make a key known; one that is in force already is no news."""
        known = self.keys.get(key_id)
        if known is not None and known.withdrawn_at is None and known.meter == meter:
            return []
        return [MeterKeyRegistered(key_id=key_id, key=key, curve=curve, meter=meter, note=note)]

    def withdraw(self, key_id: str, reason: str) -> list[Fact]:
        """It counts no more. Raises MeterKeyUnknown; done twice, it is done once."""
        known = self.keys.get(key_id)
        if known is None:
            raise MeterKeyUnknown(key_id)
        return [] if known.withdrawn_at else [MeterKeyWithdrawn(key_id=key_id, reason=reason)]

    def miss(self, transaction: str) -> list[Fact]:
        """Remember who waits for a key."""
        return [] if transaction in self.waiting else [MeterKeyMissed(transaction=transaction)]

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state; never refuses, never looks at a clock."""
        self.version = event.originator_version
        match event.fact:
            case MeterKeyRegistered() as fact:
                self.keys[fact.key_id] = MeterKey(
                    id=fact.key_id,
                    key=fact.key,
                    curve=fact.curve,
                    meter=fact.meter,
                    note=fact.note,
                    registered_at=event.told.recorded_at,
                    registered_by=event.told.actor,
                )
            case MeterKeyWithdrawn(key_id=key_id) if key_id in self.keys:
                self.keys[key_id].withdrawn_at = event.told.recorded_at
            case MeterKeyMissed(transaction=transaction):
                self.waiting[transaction] = None
            case _:
                pass


def meter_keys_stream(charger: ChargerId) -> str:
    """`meter-keys/<tenant>/<CPID>`."""
    return f"meter-keys/{charger.tenant}/{charger.key}"
