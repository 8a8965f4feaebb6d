"""Whose number is it? Requests and reservations have numbers that chargers name, and nobody may name another's."""

from typing import Any

from application import clock
from application.alarms import raise_alarm
from application.ports import EventStore, VersionConflict
from domain.alarms import kinds
from domain.commands.drivers import ReserveNow
from domain.commands.events import NumberGiven, Requested
from domain.event import Fact, Recorded, Told, events_of

ATTEMPTS = 8
ACTOR = "job:follower"
REQUEST, RESERVATION = "request", "reservation"


async def heard_request(store: EventStore, recorded: Recorded[Any]) -> None:
    """A command left whose number the charger will name: from now on it is known whose it is."""
    fact: Requested = recorded.event.fact
    kind, number = _given(fact)
    if not number:
        return
    tenant = recorded.event.tenant
    stream = number_stream(tenant, kind, number)
    told = Told(recorded_at=clock.now(), actor=ACTOR, cause=recorded.event.originator_id)
    for _ in range(ATTEMPTS):
        known = await _owners(store, stream)
        if fact.charger in known:
            return
        given = NumberGiven(kind=kind, number=number, charger=fact.charger)
        try:
            await store.append(events_of(stream, len(known), [given], told))
        except VersionConflict:
            continue
        return
    raise VersionConflict(stream)


async def heard_number(store: EventStore, recorded: Recorded[Any]) -> None:
    """A charger named a request or a reservation. One that is another's changed nothing, for every book is of one
    charger; that it was named is worth a look. One that nobody gave out is a stray: of a former operator, or of
    a box that was reset.
    """
    event = recorded.event
    kind, number = _named(event.fact)
    if not number:
        return
    key = event.originator_id.split("/", 3)[2]
    owners = await _owners(store, number_stream(event.tenant, kind, number))
    if owners and key not in owners:
        await raise_alarm(store, event, key, kinds.FOREIGN_REQUEST, f"{kind} {number} in {event.fact.TOPIC}")


def number_stream(tenant: str, kind: str, number: int) -> str:
    """`asked-number/<tenant>/<kind>-<n>`: who was given this number, within one tenant."""
    return f"asked-number/{tenant}/{kind}-{number}"


def _given(fact: Requested) -> tuple[str, int]:
    if isinstance(fact.intent, ReserveNow):
        return RESERVATION, fact.intent.reservation_id
    return REQUEST, getattr(fact.intent, "request_id", None) or 0


def _named(fact: Fact) -> tuple[str, int]:
    reservation: int | None = getattr(fact, "reservation_id", None)
    if reservation is not None:
        return RESERVATION, reservation
    return REQUEST, getattr(fact, "request_id", None) or 0


async def _owners(store: EventStore, stream: str) -> list[str]:
    """The chargers that were given it: one, where Zeus drew the number; operators may choose a reservation's."""
    return [event.fact.charger for event in await store.read(stream)]
