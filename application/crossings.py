"""The books of who saw the rows of every tenant."""

from application import clock
from application.ports import EventStore
from domain.event import Told, events_of
from domain.tenants.events import AllTenantsEntered


async def record_crossing(
    store: EventStore, tenant: str, actor: str, purpose: str, *, role: str, host: str, pid: int
) -> None:
    """`tenant` keeps the book: the one of the settings. Raises StoreUnavailable."""
    stream = f"crossing/{tenant}/{clock.time_ordered_id()}"
    fact = AllTenantsEntered(purpose=purpose, role=role, host=host, pid=pid)
    await store.append(events_of(stream, 0, [fact], Told(recorded_at=clock.now(), actor=actor)))
