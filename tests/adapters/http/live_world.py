"""The door to live streams as a process of the tests opens it."""

from adapters.http.idempotency import KeysInMemory
from adapters.http.stream_credentials import StandingOf, Tickets
from adapters.http.stream_door import StreamDoor
from adapters.live.seats import Seats
from adapters.live.streams import LiveSettings, LiveStreams
from adapters.privacy.opening import decoding
from application.ports import EventStore
from application.tenants import Directory, TokenDoor
from domain.catalogue import FACTS

SECRET = b"seals places in tests"


def open_door(dsn: str, store: EventStore, default: str, settings: LiveSettings | None = None) -> StreamDoor:
    """Over this log; nothing is connected before the first stream."""
    directory = Directory(store, default)
    return StreamDoor(
        LiveStreams(dsn, decoding(FACTS), SECRET, settings),
        Seats(dsn),
        Tickets(SECRET, KeysInMemory()),
        StandingOf(TokenDoor(store, directory).role_of, directory),
        lambda: False,
    )


def close_door(door: StreamDoor) -> None:
    """Let go of threads and connections."""
    door.live.close()
    door.seats.close()
