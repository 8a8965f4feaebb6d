"""Snapshots of chargers: the state after one of its events, under a name that changes with its shape."""

import hashlib

import msgspec

from application.ports import EventStore, Snapshot
from domain.chargers.charger import Charger
from domain.identity import ChargerId

KIND = f"charger/{hashlib.sha256(msgspec.json.encode(msgspec.json.schema(Charger))).hexdigest()[:12]}"
"""Made of the state's own schema: a changed state finds no old snapshot and is replayed from the log."""

SNAPSHOT_EVERY = 200
"""Events of a charger between two snapshots: a load then reads at most this many."""

_decoder = msgspec.json.Decoder(Charger)


async def load_charger(store: EventStore, charger: ChargerId) -> Charger:
    """The charger from its newest snapshot and what came after; version 0 where nobody registered it."""
    snapshot, events = await store.load(charger.stream, KIND)
    state = _decoder.decode(snapshot.state) if snapshot is not None else Charger(charger)
    for event in events:
        state.when(event)
    return state


def snapshot_of(charger: Charger) -> Snapshot:
    """The charger as it stands, to be loaded from later."""
    return Snapshot(charger.stream, charger.version, KIND, msgspec.json.encode(charger))
