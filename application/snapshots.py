"""Snapshots: the state of an aggregate after one of its events, under a name that changes with its shape."""

import hashlib

import msgspec

from application.ports import EventStore, Snapshot
from domain.chargers.charger import Charger
from domain.identity import ChargerId
from domain.reservations.reservation_book import ReservationBook


def _kind(name: str, state: type[msgspec.Struct]) -> str:
    """Made of the state's own schema: a changed state finds no old snapshot and is replayed from the log."""
    return f"{name}/{hashlib.sha256(msgspec.json.encode(msgspec.json.schema(state))).hexdigest()[:12]}"


KIND = _kind("charger", Charger)
BOOK_KIND = _kind("reservations", ReservationBook)

SNAPSHOT_EVERY = 200
"""Events of a charger between two snapshots: a load then reads at most this many."""

_decoder = msgspec.json.Decoder(Charger)
_book_decoder = msgspec.json.Decoder(ReservationBook)


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


async def load_book(store: EventStore, charger: ChargerId) -> ReservationBook:
    """The charger's reservations; a snapshot is left where many events had to be read."""
    book = ReservationBook(charger)
    snapshot, events = await store.load(book.stream, BOOK_KIND)
    if snapshot is not None:
        book = _book_decoder.decode(snapshot.state)
    for event in events:
        book.when(event)
    if len(events) >= SNAPSHOT_EVERY:
        kept = Snapshot(book.stream, book.version, BOOK_KIND, msgspec.json.encode(book))
        await store.save_snapshot(kept)
    return book
