"""Reservations: kept in step with the commands that make and cancel them, with what drivers do, and with time."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from application import clock
from application.ports import EventStore, VersionConflict
from application.snapshots import load_book, load_charger
from domain.chargers.charger import Charger
from domain.chargers.drivers import ReservationEnded
from domain.chargers.events import StatusReported
from domain.commands.drivers import CancelReservation, ReserveNow
from domain.commands.events import (
    Answered,
    AnsweredLate,
    Cancelled,
    Failed,
    OutcomeUnknown,
    Requested,
    TimedOut,
)
from domain.commands.intent import Abilities, Answer, Intent, Verdict
from domain.event import Event, Fact, Recorded, Told, events_of
from domain.id_tokens.id_token import TokenRecord
from domain.identity import ChargerId, IdToken
from domain.reservations.reservation import Beginning, Terms
from domain.reservations.reservation_book import ReservationBook
from domain.reservations.room import OUT_OF_ORDER, Premises
from domain.transactions.events import Started, TokenShown

ATTEMPTS = 8
ANY_PLACE = ("reserveconnectorzerosupported", "reservationctrlr.nonevsespecific")
"""The settings, in small letters, by which a charger tells that a reservation may leave the EVSE open."""
SWEEPER = "job:expiry_sweeper"
UNCLEAR_CODES = frozenset({"InvalidAnswer"})
"""The charger answered, but nobody can tell what: it may have agreed."""

PremisesOf = Callable[[ChargerId], Awaitable[Premises]]
"""What is known of a charger just now: how many EVSEs, their states, may a reservation leave the EVSE open."""
Changes = list[tuple[ReservationBook, list[Fact]]]


class Asked(Protocol):
    """A command, as far as reservations are concerned."""

    @property
    def id(self) -> str:
        """What ties its answer to the request."""
        ...


class ReservationConsequence:
    """What a ReserveNow or a CancelReservation means for the charger's book, stored in one unit with the command.

    From the request on: a place that is taken is refused before the charger is asked, and whoever is first
    with the book's version gets it.
    """

    def __init__(self, premises: PremisesOf) -> None:
        self._premises = premises

    async def __call__(
        self, store: EventStore, charger: ChargerId, command: Asked, facts: Sequence[Fact], told: Told
    ) -> Changes:
        """The book and what changes in it. Raises a ReservationRefused where the command may not be requested."""
        book = await load_book(store, charger)
        changes: list[Fact] = []
        for fact in facts:
            if isinstance(fact, Requested):
                premises = await self._premises(charger)
                changes += requested(book, command.id, fact.intent, told.recorded_at, premises)
            else:
                changes += settled(book, command.id, fact)
        return [(book, changes)] if changes else []


def premises_of(charger: Charger, abilities: Abilities) -> Premises:
    """What is known of the charger just now."""
    told = {name.casefold(): value.strip().casefold() for name, value in abilities.settings.items()}
    any_place = any(told.get(name) == "true" for name in ANY_PLACE)
    return Premises(evses=abilities.connectors, any_place=any_place, statuses=charger.statuses())


def requested(
    book: ReservationBook, command: str, intent: Intent, now: datetime, premises: Premises
) -> list[Fact]:
    """A command is about to be recorded. Raises a ReservationRefused."""
    match intent:
        case ReserveNow():
            return book.request(intent.reservation_id, terms_of(intent), command, now, premises)
        case CancelReservation():
            return book.cancel(intent.reservation_id, command)
        case _:
            return []


def settled(book: ReservationBook, command: str, outcome: Fact) -> list[Fact]:
    """A command came to its end, or an answer came after it; nothing where no reservation waits for it."""
    match outcome:
        case Answered(answer=answer) | AnsweredLate(answer=Answer() as answer):
            return _answered(book, command, answer)
        case Failed(code=code) | AnsweredLate(code=code) if code not in UNCLEAR_CODES:
            refused = book.refuse(command, "Error", code)
            return refused + book.fail_cancellation(command, code)
        case Cancelled(why=why):
            return book.refuse(command, "NotSent", why) + book.fail_cancellation(command, f"not sent: {why}")
        case Failed() | TimedOut() | OutcomeUnknown() | AnsweredLate():
            return book.lose_sight(command) + book.fail_cancellation(command, "no answer")
        case _:
            return []


def _answered(book: ReservationBook, command: str, answer: Answer) -> list[Fact]:
    if answer.verdict is Verdict.AGREED:
        return book.confirm(command) + book.confirm_cancellation(command)
    refused = book.refuse(command, answer.status or "Rejected", answer.reason)
    return refused + book.refuse_cancellation(command)


def terms_of(intent: ReserveNow) -> Terms:
    """What a ReserveNow asks for; a connector type leaves the EVSE open (2.x H01)."""
    return Terms(
        evse_id=intent.evse_id or 0,
        id_token=intent.id_token,
        expires_at=intent.expires_at,
        group=intent.group_id_token.value if intent.group_id_token is not None else "",
    )


async def group_of(store: EventStore, tenant: str, id_token: IdToken | None) -> str:
    """The group a token belongs to by our books; empty for none."""
    if id_token is None:
        return ""
    record = TokenRecord(id_token.stream(tenant))
    for event in await store.read(record.stream):
        record.when(event)
    return record.group


async def expire_due(store: EventStore, charger: ChargerId, now: datetime) -> list[int]:
    """End what is over at this charger; the numbers. Harmless when it runs twice."""
    told = Told(recorded_at=now, actor=SWEEPER, cause=f"over at {now.isoformat(timespec='seconds')}")
    expired: list[int] = []

    async def decide(book: ReservationBook) -> list[Fact]:
        facts = book.expire(now)
        expired[:] = [fact.reservation_id for fact in facts]
        return list(facts)

    await _change(store, charger, decide, told)
    return expired


async def heard_transaction(store: EventStore, recorded: Recorded[Any]) -> None:
    """A transaction started, or its driver showed a token that may charge: does it use a reservation?"""
    event = recorded.event
    _, tenant, key, _ = event.originator_id.split("/", 3)
    fact: Started | TokenShown = event.fact

    async def decide(book: ReservationBook) -> list[Fact]:
        if not book.open and getattr(fact, "reservation_id", None) is None:
            return []
        started = fact if isinstance(fact, Started) else await _start_behind(store, event)
        if started is None:
            return []
        beginning = Beginning(
            transaction=event.originator_id,
            evse_id=started.evse_id,
            at=fact.at,
            heard_at=event.told.recorded_at,
            id_token=fact.id_token,
            group=await group_of(store, tenant, fact.id_token),
            reservation_id=started.reservation_id,
        )
        return book.used_by(beginning)

    await _change(store, ChargerId(tenant, key), decide, _because_of(event))


async def heard_charger(store: EventStore, recorded: Recorded[Any]) -> None:
    """The charger told that a reservation is over, or that a place is out of order (1.6 §5.13)."""
    event = recorded.event
    fact: ReservationEnded | StatusReported = event.fact
    if isinstance(fact, StatusReported) and fact.status not in OUT_OF_ORDER:
        return
    _, tenant, key = event.originator_id.split("/", 2)
    charger = ChargerId(tenant, key)

    async def decide(book: ReservationBook) -> list[Fact]:
        heard_at = event.told.recorded_at
        if isinstance(fact, ReservationEnded):
            return book.end_at_charger(fact.reservation_id, fact.why, heard_at)
        lost = book.lose_place(fact.evse_id, fact.status, heard_at)
        return [] if lost and await _has_other_connectors(store, charger, fact) else lost

    await _change(store, charger, decide, _because_of(event))


async def _has_other_connectors(store: EventStore, charger: ChargerId, fact: StatusReported) -> bool:
    """Such an EVSE may still be held by another connector, and its charger (2.x) tells when it is not."""
    here, places = f"{fact.evse_id}/{fact.connector_id}", (await load_charger(store, charger)).doings
    return any(place != here and place.startswith(f"{fact.evse_id}/") for place in places)


async def _start_behind(store: EventStore, event: Event[Any]) -> Started | None:
    """The start of the transaction on which a token was shown and accepted."""
    if event.fact.verdict != "Accepted":
        return None
    for earlier in await store.read(event.originator_id):
        if isinstance(earlier.fact, Started) and earlier.originator_version < event.originator_version:
            return earlier.fact
    return None


def _because_of(event: Event[Any]) -> Told:
    cause = f"{event.originator_id}@{event.originator_version}"
    return Told(recorded_at=clock.now(), actor="job:follower", cause=cause)


async def _change(
    store: EventStore,
    charger: ChargerId,
    decide: Callable[[ReservationBook], Awaitable[list[Fact]]],
    told: Told,
) -> None:
    for _ in range(ATTEMPTS):
        book = await load_book(store, charger)
        facts = await decide(book)
        if not facts:
            return
        try:
            await store.append(events_of(book.stream, book.version, facts, told))
        except VersionConflict:
            continue
        return
    raise VersionConflict(charger.key)
