"""Reservations follow the commands that make them, the drivers who use them, and the clock; said twice, done once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from application.ports import VersionConflict
from application.reservations import (
    ATTEMPTS,
    SWEEPER,
    ReservationConsequence,
    expire_due,
    group_of,
    heard_charger,
    heard_transaction,
)
from application.snapshots import BOOK_KIND, SNAPSHOT_EVERY, load_book
from domain.chargers.drivers import ReservationEnded
from domain.chargers.events import StatusReported
from domain.commands import events as command
from domain.commands.drivers import CancelReservation, ReserveNow
from domain.commands.intent import Answer, Intent, Verdict
from domain.commands.upkeep import ClearCache
from domain.event import Event, Fact, Recorded, Told, events_of
from domain.id_tokens.events import Issued
from domain.identity import ChargerId, IdToken
from domain.reservations.events import (
    CancellationFailed,
    CancellationRequested,
    Cancelled,
    Confirmed,
    Expired,
    Lost,
    Mismatched,
    OutcomeUnknown,
    Refused,
    Requested,
    Used,
)
from domain.reservations.refusals import AlreadyReserved, ReservationUnknown
from domain.reservations.reservation_book import ReservationBook
from domain.reservations.room import Premises
from domain.transactions.events import Started, TokenShown
from tests.fakes.staged_store import StagedEventStore

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=1)
CP = ChargerId.of("t", "Box1")
TX = "transaction/t/BOX1/1"
ANN, BOB, EVE = IdToken("Ann"), IdToken("Bob"), IdToken("Eve")
CHARGER = CP.key


class Asking(msgspec.Struct, frozen=True):
    """A command, as far as reservations are concerned."""

    id: str


@pytest.fixture
def store() -> StagedEventStore:
    """Bob is of Ann's family."""
    return StagedEventStore()


async def premises(charger: ChargerId) -> Premises:
    assert charger == CP
    return Premises(evses=2, any_place=True)


async def tell(store: StagedEventStore, stream: str, fact: Fact, at: datetime = LATER) -> Recorded[Fact]:
    """The fact as it stands in the log."""
    version = len(await store.read(stream))
    (event,) = events_of(stream, version, [fact], Told(recorded_at=at))
    (position,) = await store.append([event])
    return Recorded(position, event)


async def commanded(store: StagedEventStore, command_id: str, *facts: Fact, at: datetime = NOW) -> list[Fact]:
    """Store what the commands' book would store in one unit; the facts of reservations among it."""
    told = Told(recorded_at=at, actor="user:ann")
    changes = await ReservationConsequence(premises)(store, CP, Asking(command_id), facts, told)
    stream = f"command/t/{command_id}"
    events: list[Event[Fact]] = events_of(stream, len(await store.read(stream)), facts, told)
    for book, more in changes:
        events += events_of(book.stream, book.version, more, told)
    await store.append(events)
    return [fact for _, more in changes for fact in more]


def wanted(intent: Intent) -> command.Requested:
    return command.Requested(charger=CHARGER, intent=intent, send_before=LATER, answer_within_s=30)  # type: ignore[arg-type]


def reserve(number: int = 7, id_token: IdToken = ANN, **more: Any) -> command.Requested:
    terms = {"evse_id": 1, "expires_at": LATER + timedelta(hours=1)} | more
    return wanted(ReserveNow(reservation_id=number, id_token=id_token, **terms))


def answered(
    verdict: Verdict = Verdict.AGREED, status: str = "Accepted", reason: str = ""
) -> command.Answered:
    return command.Answered(
        charger=CHARGER, answer=Answer(verdict=verdict, status=status, reason=reason), latency_ms=3
    )


async def reserved(store: StagedEventStore, number: int = 7, **more: Any) -> None:
    await commanded(store, f"make{number}", reserve(number, **more))
    await commanded(store, f"make{number}", answered())


def book_facts(store: StagedEventStore) -> list[Fact]:
    return [one.event.fact for one in store.log if one.event.originator_id.startswith("reservations/")]


def kinds(facts: Sequence[Fact]) -> list[type[Fact]]:
    return [type(fact) for fact in facts]


async def test_a_reservation_is_requested_with_its_command_and_confirmed_with_its_answer(
    store: StagedEventStore,
) -> None:
    family = IdToken("family")
    asked = await commanded(store, "c1", reserve(evse_id=None, group_id_token=family))
    agreed = await commanded(store, "c1", answered())
    assert kinds(asked + agreed) == [Requested, Confirmed]
    (fact,) = agreed
    assert isinstance(fact, Confirmed)
    assert (fact.evse_id, fact.id_token, fact.group, fact.command) == (0, ANN, "family", "c1")
    assert await commanded(store, "c1", answered()) == []


async def test_a_place_that_is_taken_is_refused_before_anything_is_recorded(store: StagedEventStore) -> None:
    await commanded(store, "c1", reserve(1))
    before = list(store.log)
    with pytest.raises(AlreadyReserved):
        await commanded(store, "c2", reserve(2))
    with pytest.raises(ReservationUnknown):
        await commanded(store, "c3", wanted(CancelReservation(reservation_id=3)))
    assert store.log == before


async def test_of_two_who_ask_at_once_one_gets_the_place(store: StagedEventStore) -> None:
    async def other_first() -> None:
        await commanded(store, "c2", reserve(2, BOB))

    store.before = [other_first]
    with pytest.raises(VersionConflict):
        await commanded(store, "c1", reserve(1))
    with pytest.raises(AlreadyReserved):
        await commanded(store, "c1", reserve(1))
    assert [fact.reservation_id for fact in book_facts(store)] == [2]  # type: ignore[attr-defined]


NO_ANSWER = (
    command.TimedOut(charger=CHARGER, after_s=30),
    command.OutcomeUnknown(charger=CHARGER, why="the connection ended"),
    command.Failed(charger=CHARGER, code="InvalidAnswer"),
)


@pytest.mark.parametrize(
    ("outcome", "fact"),
    [
        (
            answered(Verdict.REFUSED, "Occupied", "busy"),
            Refused(reservation_id=7, status="Occupied", reason="busy", command="c1"),
        ),
        (answered(Verdict.REFUSED, ""), Refused(reservation_id=7, status="Rejected", command="c1")),
        (
            command.Failed(charger=CHARGER, code="NotSupported"),
            Refused(reservation_id=7, status="Error", reason="NotSupported", command="c1"),
        ),
        (
            command.Cancelled(charger=CHARGER, why="offline"),
            Refused(reservation_id=7, status="NotSent", reason="offline", command="c1"),
        ),
        *((outcome, OutcomeUnknown(reservation_id=7, command="c1")) for outcome in NO_ANSWER),
    ],
)
async def test_what_becomes_of_the_command_becomes_of_the_reservation(
    store: StagedEventStore, outcome: Fact, fact: Fact
) -> None:
    await commanded(store, "c1", reserve())
    assert await commanded(store, "c1", outcome) == [fact]


@pytest.mark.parametrize(
    ("late", "kind"),
    [
        ({"answer": answered().answer}, Confirmed),
        ({"answer": Answer(verdict=Verdict.REFUSED, status="Occupied")}, Refused),
        ({"code": "InternalError"}, Refused),
        ({"code": "InvalidAnswer"}, None),
    ],
)
async def test_a_late_answer_settles_what_was_unknown(
    store: StagedEventStore, late: dict[str, Any], kind: type[Fact] | None
) -> None:
    await commanded(store, "c1", reserve())
    await commanded(store, "c1", NO_ANSWER[0])
    facts = await commanded(store, "c1", command.AnsweredLate(charger=CHARGER, **late))
    assert kinds(facts) == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("outcome", "fact"),
    [
        (answered(), Cancelled(reservation_id=7, by="user:ann", command="x")),
        (answered(Verdict.REFUSED, "Rejected"), Lost(reservation_id=7, why="NotHeld")),
        (
            command.Failed(charger=CHARGER, code="InternalError"),
            CancellationFailed(reservation_id=7, why="InternalError", command="x"),
        ),
        (
            command.Cancelled(charger=CHARGER, why="offline"),
            CancellationFailed(reservation_id=7, why="not sent: offline", command="x"),
        ),
        *((one, CancellationFailed(reservation_id=7, why="no answer", command="x")) for one in NO_ANSWER),
    ],
)
async def test_what_becomes_of_a_cancellation(store: StagedEventStore, outcome: Fact, fact: Fact) -> None:
    await reserved(store)
    asked = await commanded(store, "x", wanted(CancelReservation(reservation_id=7)))
    assert asked == [CancellationRequested(reservation_id=7, command="x")]
    assert await commanded(store, "x", outcome) == [fact]


async def test_other_commands_and_steps_change_nothing(store: StagedEventStore) -> None:
    await reserved(store)
    sent = command.Sent(
        charger=CHARGER, action="ReserveNow", message_id="m", connection="c", gateway="g", answer_before=LATER
    )
    assert await commanded(store, "c9", wanted(ClearCache())) == []
    assert await commanded(store, "c9", sent, answered()) == []


def started(id_token: IdToken | None = ANN, **more: Any) -> Started:
    return Started(**({"evse_id": 1, "connector_id": 1, "at": LATER, "id_token": id_token} | more))


async def test_a_transaction_uses_it_once_however_often_it_is_heard(store: StagedEventStore) -> None:
    await reserved(store)
    event = await tell(store, TX, started())
    for _ in range(3):
        await heard_transaction(store, event)
    used = [one for one in store.log if isinstance(one.event.fact, Used)]
    assert [one.event.fact for one in used] == [Used(reservation_id=7, transaction=TX, evse_id=1, by="token")]
    assert (used[0].event.told.actor, used[0].event.told.cause) == ("job:follower", f"{TX}@1")


async def test_by_the_group_of_its_token_in_our_books(store: StagedEventStore) -> None:
    for token, group in ((BOB, "family"), (EVE, "others")):
        await tell(store, token.stream("t"), Issued(id_token=token, group=group))
    assert await group_of(store, "t", BOB) == "family"
    assert await group_of(store, "t", IdToken("nobody")) == await group_of(store, "t", None) == ""
    await reserved(store, group_id_token=IdToken("Family"))
    await heard_transaction(store, await tell(store, TX, started(EVE)))
    await heard_transaction(store, await tell(store, "transaction/t/BOX1/2", started(BOB)))
    assert kinds(book_facts(store)[2:]) == [Mismatched, Used]


async def test_a_driver_who_shows_his_token_after_the_start(store: StagedEventStore) -> None:
    await reserved(store)
    await heard_transaction(store, await tell(store, TX, started(None)))
    refused = await tell(store, TX, TokenShown(id_token=ANN, verdict="Blocked", at=LATER))
    await heard_transaction(store, refused)
    assert len(book_facts(store)) == 2
    shown = await tell(store, TX, TokenShown(id_token=ANN, verdict="Accepted", at=LATER))
    await heard_transaction(store, shown)
    assert kinds(book_facts(store)[2:]) == [Used]
    lone = TokenShown(id_token=ANN, verdict="Accepted", at=LATER)
    await heard_transaction(store, await tell(store, "transaction/t/BOX1/9", lone))
    assert len(book_facts(store)) == 3


async def test_a_reservation_that_is_none_is_noted(store: StagedEventStore) -> None:
    event = await tell(store, TX, started(reservation_id=5))
    for _ in range(2):
        await heard_transaction(store, event)
    assert book_facts(store) == [Mismatched(reservation_id=5, transaction=TX, why="unknown")]


async def test_the_charger_ends_it(store: StagedEventStore) -> None:
    await reserved(store)
    event = await tell(store, CP.stream, ReservationEnded(7, "Removed"))
    for _ in range(2):
        await heard_charger(store, event)
    assert book_facts(store)[2:] == [Lost(reservation_id=7, why="Removed")]


def status(status: str, evse_id: int = 1, connector_id: int = 1) -> StatusReported:
    return StatusReported(evse_id=evse_id, connector_id=connector_id, status=status)


async def test_a_fault_ends_it_unless_the_evse_has_another_connector(store: StagedEventStore) -> None:
    await reserved(store, 1)
    await reserved(store, 2, evse_id=2)
    await heard_charger(store, await tell(store, CP.stream, status("Available")))
    await tell(store, CP.stream, status("Reserved", 2, 2))
    await heard_charger(store, await tell(store, CP.stream, status("Faulted", 2, 1)))
    await heard_charger(store, await tell(store, CP.stream, status("Unavailable")))
    assert book_facts(store)[4:] == [Lost(reservation_id=1, why="Unavailable")]


async def test_the_sweeper_ends_what_is_over_once(store: StagedEventStore) -> None:
    await reserved(store, 1)
    await reserved(store, 2, evse_id=2, expires_at=LATER + timedelta(hours=2))
    over = LATER + timedelta(hours=1)
    assert await expire_due(store, CP, over - timedelta(seconds=1)) == []
    assert await expire_due(store, CP, over) == [1]
    assert await expire_due(store, CP, over) == []
    assert book_facts(store)[4:] == [Expired(reservation_id=1)]
    assert store.log[-1].event.told.actor == SWEEPER


async def test_who_finds_another_writer_first_decides_again(store: StagedEventStore) -> None:
    await reserved(store)
    stream = ReservationBook(CP).stream
    event = await tell(store, TX, started())
    other = await tell(store, "transaction/t/BOX1/2", started(reservation_id=5))
    noise = Mismatched(reservation_id=9, transaction="x", why="unknown")
    store.before = [partial(store.intrude, stream, noise, Told(recorded_at=NOW))] * (ATTEMPTS - 1)
    await heard_transaction(store, event)
    assert kinds(book_facts(store)[2:]) == [Mismatched] * (ATTEMPTS - 1) + [Used]
    store.before = [partial(store.intrude, stream, noise, Told(recorded_at=NOW))] * ATTEMPTS
    with pytest.raises(VersionConflict):
        await heard_transaction(store, other)


async def test_of_two_sweepers_at_once_one_writes(store: StagedEventStore) -> None:
    await reserved(store)
    over = LATER + timedelta(hours=1)

    async def other_first() -> None:
        await expire_due(store, CP, over)

    store.before = [other_first]
    assert await expire_due(store, CP, over) == []
    assert kinds(book_facts(store)[2:]) == [Expired]


async def test_a_long_story_is_read_from_a_snapshot_and_is_the_same(store: StagedEventStore) -> None:
    for number in range(1, SNAPSHOT_EVERY):
        await reserved(store, number)
        await heard_transaction(store, await tell(store, f"transaction/t/BOX1/{number}", started()))
    await reserved(store, 9999)
    replayed = ReservationBook(CP)
    for event in await store.read(replayed.stream):
        replayed.when(event)
    snapshot, events = await store.load(replayed.stream, BOOK_KIND)
    assert snapshot is not None
    assert len(events) <= SNAPSHOT_EVERY
    assert await load_book(store, CP) == replayed
