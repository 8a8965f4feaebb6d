"""Who works over the rows of every tenant says so first: once a process, once a command, as an event."""

import os
import socket
import threading

from adapters.eventstore.store import open_store
from application.crossings import record_crossing
from application.ports import EventStore, StoreUnavailable
from domain.catalogue import FACTS
from projections.row_security import ENGINE

PAUSE_S = 1.0


async def cross(store: EventStore, tenant: str, actor: str, purpose: str, cause: str = "") -> None:
    """Record that this process works as the engine; `tenant` is the one of the settings. Raises StoreUnavailable."""
    await record_crossing(
        store, tenant, actor, purpose, role=ENGINE, host=socket.gethostname(), pid=os.getpid()
    )


async def cross_at(url: str, tenant: str, actor: str, purpose: str, cause: str = "") -> None:
    """The same, where no store is open. Raises StoreUnavailable."""
    store = open_store(url, FACTS)
    try:
        await cross(store, tenant, actor, purpose, cause)
    finally:
        await store.close()


async def cross_once_it_answers(
    url: str, tenant: str, actor: str, purpose: str, stop: threading.Event
) -> None:
    """The same, waiting for a database that is away: nobody crosses unrecorded."""
    while not stop.is_set():
        try:
            await cross_at(url, tenant, actor, purpose)
        except StoreUnavailable:
            stop.wait(PAUSE_S)
        else:
            return
