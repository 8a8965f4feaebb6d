"""Given what happened to a charger's reservations, when somebody wants something, then facts or the named refusal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from domain.event import Fact, Told, events_of
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
from domain.reservations.refusals import (
    AlreadyReserved,
    AnyPlaceUnsupported,
    ExpiryInThePast,
    InvalidReservationId,
    NoPlaceLeft,
    PlaceNotFree,
    PlaceUnknown,
    ReservationOver,
    ReservationRefused,
    ReservationUnknown,
    ReservationUnsettled,
)
from domain.reservations.reservation import Beginning, State, Terms
from domain.reservations.reservation_book import RECENT, ReservationBook
from domain.reservations.room import Premises

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN, BOB, EVE = IdToken("Ann"), IdToken("Bob"), IdToken("Eve")
TWO = Premises(evses=2, any_place=True)
TX = "transaction/acme/CP1/t1"


def terms(evse_id: int = 1, id_token: IdToken = ANN, **more: Any) -> Terms:
    return Terms(**{"evse_id": evse_id, "id_token": id_token, "expires_at": NOON + HOUR, **more})


class Story:
    """A book, told step by step."""

    def __init__(self) -> None:
        self.book = ReservationBook(ChargerId.of("acme", "cp1"))
        self.now = NOON

    def take(self, facts: list[Fact]) -> list[Fact]:
        told = Told(recorded_at=self.now, actor="user:ann")
        for event in events_of(self.book.stream, self.book.version, facts, told):
            self.book.when(event)
        return facts

    def ask(self, number: int = 7, *, premises: Premises = TWO, command: str = "", **what: Any) -> list[Fact]:
        command = command or f"c{self.book.version}"
        return self.take(self.book.request(number, terms(**what), command, self.now, premises))

    def make(self, number: int = 7, **what: Any) -> "Story":
        command = f"make{number}"
        self.ask(number, command=command, **what)
        self.take(self.book.confirm(command))
        return self

    def begin(self, id_token: IdToken | None = ANN, **more: Any) -> list[Fact]:
        known = {"transaction": TX, "evse_id": 1, "at": self.now, "heard_at": self.now, "id_token": id_token}
        return self.take(self.book.used_by(Beginning(**{**known, **more})))


def test_the_stream_names_the_charger() -> None:
    assert Story().book.stream == "reservations/acme/CP1"


def test_a_reservation_is_asked_for_and_agreed_to_with_all_its_terms() -> None:
    story = Story()
    wanted = terms(group="family", connector_id=2)
    asked = story.book.request(7, wanted, "c1", NOON, TWO)
    assert asked == [Requested(reservation_id=7, command="c1", **msgspec.structs.asdict(wanted))]
    story.take(asked)
    agreed = story.take(story.book.confirm("c1"))
    assert agreed == [Confirmed(reservation_id=7, command="c1", **msgspec.structs.asdict(wanted))]
    assert story.book.open[7].state is State.ACTIVE
    assert (
        story.book.confirm("c1") == story.book.refuse("c1", "Occupied") == story.book.lose_sight("c1") == []
    )


@pytest.mark.parametrize(
    ("number", "what", "premises", "refusal"),
    [
        (0, {}, TWO, InvalidReservationId),
        (2**31, {}, TWO, InvalidReservationId),
        (7, {"expires_at": NOON}, TWO, ExpiryInThePast),
        (7, {"evse_id": 3}, TWO, PlaceUnknown),
        (7, {"evse_id": -1}, TWO, PlaceUnknown),
        (7, {"evse_id": 0}, Premises(evses=2), AnyPlaceUnsupported),
        (7, {}, Premises(statuses={1: "Occupied"}), PlaceNotFree),
        (7, {}, Premises(statuses={1: "Faulted"}), PlaceNotFree),
        (7, {}, Premises(statuses={1: "Unavailable"}), PlaceNotFree),
        (7, {}, Premises(statuses={0: "Unavailable"}), PlaceNotFree),
        (7, {"evse_id": 0}, Premises(any_place=True, statuses={0: "Faulted"}), PlaceNotFree),
        (
            7,
            {"evse_id": 0},
            Premises(evses=2, any_place=True, statuses={1: "Occupied", 2: "Faulted"}),
            NoPlaceLeft,
        ),
    ],
)
def test_what_cannot_be_reserved_is_refused_before_the_charger_is_asked(
    number: int, what: dict[str, Any], premises: Premises, refusal: type[ReservationRefused]
) -> None:
    story = Story()
    with pytest.raises(refusal):
        story.ask(number, premises=premises, **what)
    assert story.book.version == 0
    assert refusal.__doc__


@pytest.mark.parametrize("status", ["Available", "Reserved", "SomethingNew"])
def test_another_status_is_left_to_the_charger(status: str) -> None:
    assert Story().ask(premises=Premises(statuses={1: status, 2: "Faulted"}))


@pytest.mark.parametrize("settle", ["unanswered", "active", "unknown", "cancelling", "cancellation failed"])
def test_a_place_counts_as_taken_until_its_reservation_has_surely_ended(settle: str) -> None:
    story = Story()
    story.ask(1, command="c")
    if settle == "unknown":
        assert story.take(story.book.lose_sight("c")) == [OutcomeUnknown(reservation_id=1, command="c")]
    elif settle != "unanswered":
        story.take(story.book.confirm("c"))
    if settle.startswith("cancel"):
        story.take(story.book.cancel(1, "x"))
    if settle == "cancellation failed":
        failed = story.take(story.book.fail_cancellation("x", "timed out"))
        assert failed == [CancellationFailed(reservation_id=1, command="x", why="timed out")]
    with pytest.raises(AlreadyReserved):
        story.ask(2, id_token=BOB)
    assert story.ask(3, evse_id=2, id_token=BOB)


def test_as_many_reservations_as_places_if_some_leave_the_place_open() -> None:
    story = Story().make(1, evse_id=0)
    story.make(2, evse_id=2, id_token=BOB)
    for evse_id in (0, 1):
        with pytest.raises(NoPlaceLeft):
            story.ask(3, evse_id=evse_id, id_token=EVE)


def test_a_busy_place_is_none_for_those_who_leave_it_open_unless_it_is_busy_by_its_own_reservation() -> None:
    busy = Premises(evses=2, any_place=True, statuses={2: "Occupied"})
    story = Story().make(1, evse_id=0, premises=busy)
    with pytest.raises(NoPlaceLeft):
        story.ask(2, evse_id=0, premises=busy)
    assert Story().make(1, evse_id=2).ask(2, evse_id=0, premises=busy)


def test_where_nobody_knows_how_many_places_there_are_an_open_place_takes_them_all() -> None:
    unknown = Premises(any_place=True)
    story = Story().make(1, evse_id=0, premises=unknown)
    for evse_id in (0, 4):
        with pytest.raises(NoPlaceLeft):
            story.ask(2, evse_id=evse_id, premises=unknown)
    other = Story().make(1, evse_id=4, premises=unknown)
    assert other.ask(2, evse_id=5, premises=unknown)
    with pytest.raises(NoPlaceLeft):
        other.ask(3, evse_id=0, premises=unknown)


def test_the_same_number_replaces_and_both_places_are_taken_until_the_charger_has_agreed() -> None:
    story = Story().make(1, evse_id=1)
    (asked,) = story.ask(1, evse_id=2, command="again")
    assert isinstance(asked, Requested)
    assert asked.replaces
    for evse_id in (1, 2):
        with pytest.raises(AlreadyReserved):
            story.ask(2, evse_id=evse_id)
    with pytest.raises(ReservationUnsettled):
        story.ask(1, evse_id=2)
    with pytest.raises(ReservationUnsettled):
        story.book.cancel(1, "x")
    story.take(story.book.confirm("again"))
    assert story.ask(2, evse_id=1)


def test_refused_new_terms_leave_the_former_ones() -> None:
    story = Story().make(1, evse_id=1)
    story.ask(1, evse_id=2, command="again")
    refused = Refused(reservation_id=1, status="Occupied", reason="busy", command="again", stands="active")
    assert story.take(story.book.refuse("again", "Occupied", "busy")) == [refused]
    assert story.book.open[1].evses == {1}


def test_an_unknown_outcome_may_be_settled_by_a_late_answer_or_by_asking_again() -> None:
    late = Story()
    late.ask(1, command="c")
    late.take(late.book.lose_sight("c"))
    assert late.take(late.book.refuse("c", "Rejected")) == [
        Refused(reservation_id=1, status="Rejected", command="c")
    ]
    assert late.book.ended == {1: "refused"}
    again = Story()
    again.ask(1, command="c")
    again.take(again.book.lose_sight("c"))
    again.ask(1, evse_id=2, command="d")
    assert again.take(again.book.lose_sight("d")) == [OutcomeUnknown(reservation_id=1, command="d")]
    again.take(again.book.confirm("c"))
    assert (again.book.open[1].state, again.book.open[1].evses) == (State.ACTIVE, {1, 2})
    again.take(again.book.confirm("d"))
    assert again.book.open[1].evses == {2}
    assert again.book.confirm("c") == []


def test_an_expired_one_makes_room_at_once() -> None:
    story = Story().make(1)
    story.now += HOUR
    facts = story.ask(2, id_token=BOB, expires_at=story.now + HOUR)
    assert [type(fact) for fact in facts] == [Expired, Requested]
    with pytest.raises(ReservationOver):
        story.ask(1, evse_id=2, expires_at=story.now + HOUR)


def test_expiry_by_the_newest_terms() -> None:
    story = Story().make(1)
    story.ask(1, expires_at=NOON + 2 * HOUR, command="longer")
    assert story.book.expire(NOON + HOUR) == []
    assert story.book.expire(NOON + 2 * HOUR) == [Expired(reservation_id=1)]


def test_cancelled_by_whoever_asked_and_late_answers_count() -> None:
    story = Story().make(1)
    assert story.take(story.book.cancel(1, "x")) == [CancellationRequested(reservation_id=1, command="x")]
    assert story.book.cancel(1, "y") == []
    story.take(story.book.fail_cancellation("x", "timed out"))
    assert story.take(story.book.confirm_cancellation("x")) == [
        Cancelled(reservation_id=1, by="user:ann", command="x")
    ]
    with pytest.raises(ReservationOver):
        story.book.cancel(1, "z")
    with pytest.raises(ReservationUnknown):
        story.book.cancel(2, "z")
    assert story.book.confirm_cancellation("x") == story.book.fail_cancellation("x", "") == []


def test_a_charger_that_knows_of_no_such_reservation_has_lost_it() -> None:
    story = Story().make(1)
    story.take(story.book.cancel(1, "x"))
    assert story.take(story.book.refuse_cancellation("x")) == [Lost(reservation_id=1, why="NotHeld")]


def test_a_late_cancellation_does_not_touch_newer_terms() -> None:
    story = Story().make(1)
    story.take(story.book.cancel(1, "x"))
    story.take(story.book.fail_cancellation("x", "timed out"))
    story.ask(1, command="again")
    assert story.book.confirm_cancellation("x") == []


@pytest.mark.parametrize(
    ("id_token", "group", "by"),
    [(IdToken("ANN"), "", "token"), (BOB, "FAMILY", "group"), (EVE, "others", None), (EVE, "", None)],
)
def test_used_by_the_token_or_its_group_and_by_nobody_else(
    id_token: IdToken, group: str, by: str | None
) -> None:
    story = Story().make(1, group="family")
    facts = story.begin(id_token, group=group)
    if by is None:
        assert facts == [Mismatched(reservation_id=1, transaction=TX, why="wrong_token")]
        assert 1 in story.book.open
    else:
        assert facts == [Used(reservation_id=1, transaction=TX, evse_id=1, by=by)]
    assert story.begin(id_token, group=group) == []


def test_no_group_is_no_bond() -> None:
    story = Story().make(1)
    assert [type(fact) for fact in story.begin(EVE, group="")] == [Mismatched]


def test_a_transaction_without_a_token_says_nothing_yet() -> None:
    story = Story().make(1)
    assert story.begin(None) == []
    assert [type(fact) for fact in story.begin(ANN)] == [Used]


def test_the_word_of_the_charger_counts_whoever_charges() -> None:
    story = Story().make(1, group="family")
    story.make(2, evse_id=2, id_token=BOB)
    assert story.begin(EVE, reservation_id=2) == [
        Used(reservation_id=2, transaction=TX, evse_id=1, by="charger"),
        Mismatched(reservation_id=1, transaction=TX, why="wrong_token"),
    ]
    assert Story().make(1).begin(None, reservation_id=1)[0].by == "charger"  # type: ignore[attr-defined]
    assert Story().make(1).begin(ANN, reservation_id=1)[0].by == "token"  # type: ignore[attr-defined]


def test_a_charger_that_names_what_is_no_reservation_is_noted_once_and_the_driver_counts() -> None:
    story = Story().make(1)
    assert story.begin(ANN, reservation_id=99) == [
        Used(reservation_id=1, transaction=TX, evse_id=1, by="token"),
        Mismatched(reservation_id=99, transaction=TX, why="unknown"),
    ]
    assert story.begin(ANN, reservation_id=99) == []
    other = "transaction/acme/CP1/t2"
    assert story.begin(BOB, reservation_id=1, transaction=other) == [
        Mismatched(reservation_id=1, transaction=other, why="ended")
    ]


def test_the_reserved_place_comes_before_any_and_the_token_before_its_group() -> None:
    story = Story().make(1, evse_id=0)
    story.make(2, evse_id=1)
    assert story.begin(ANN)[0].reservation_id == 2  # type: ignore[attr-defined]
    four = Premises(evses=4, any_place=True)
    story = Story().make(1, evse_id=0, id_token=BOB, group="family", premises=four)
    story.make(2, evse_id=0, group="family", premises=four)
    assert story.begin(ANN, group="family")[0].reservation_id == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("at", "heard_at", "used"),
    [
        (NOON - timedelta(minutes=4), NOON, True),
        (NOON - timedelta(minutes=6), NOON + HOUR, False),  # from a backlog
        (NOON + HOUR / 2, NOON + 2 * HOUR, True),  # told late
        (NOON + HOUR, NOON + HOUR, False),  # over by then
        (datetime(1970, 1, 1, tzinfo=UTC), NOON, True),  # a clock that was never set
        (NOON + 9 * HOUR, NOON, True),  # a clock ahead
        (NOON - timedelta(seconds=1), NOON - timedelta(seconds=1), False),  # told before it was made
    ],
)
def test_a_transaction_uses_what_was_reserved_when_it_began(
    at: datetime, heard_at: datetime, used: bool
) -> None:
    story = Story().make(1)
    assert bool(story.begin(ANN, at=at, heard_at=heard_at)) is used


def test_while_an_answer_is_awaited_only_the_word_of_the_charger_counts() -> None:
    """The transaction may have begun before the charger read the request, which it then agrees to."""
    story = Story()
    story.ask(1, command="c")
    assert story.begin(ANN) == story.begin(BOB) == []
    assert [type(fact) for fact in story.begin(ANN, reservation_id=1)] == [Used]


def test_a_driver_at_one_of_two_possible_places_uses_neither_for_certain() -> None:
    story = Story().make(1, evse_id=1)
    story.ask(1, evse_id=2, command="again")
    story.take(story.book.lose_sight("again"))
    assert story.begin(ANN, evse_id=1) == []
    assert story.begin(BOB, evse_id=1) == []
    assert [type(fact) for fact in story.begin(ANN, evse_id=1, reservation_id=1)] == [Used]


def test_new_terms_under_way_when_it_was_used_keep_their_place_until_they_expire() -> None:
    """The charger may take them for a new reservation."""
    story = Story().make(1, evse_id=1)
    story.ask(1, evse_id=2, command="again")
    assert [type(fact) for fact in story.begin(ANN, reservation_id=1)] == [Used]
    assert story.ask(2, evse_id=1, id_token=BOB)
    with pytest.raises(AlreadyReserved):
        story.ask(3, evse_id=2, id_token=BOB)
    story.now = NOON + HOUR
    assert story.ask(3, evse_id=2, id_token=BOB, expires_at=NOON + 2 * HOUR)


@pytest.mark.parametrize(
    ("why", "fact"),
    [
        ("Expired", Expired(reservation_id=1)),
        ("Removed", Lost(reservation_id=1, why="Removed")),
        ("NoTransaction", Lost(reservation_id=1, why="NoTransaction")),
    ],
)
def test_the_charger_ends_it(why: str, fact: Fact) -> None:
    story = Story().make(1)
    assert story.book.end_at_charger(1, why, NOON - HOUR) == []
    assert story.take(story.book.end_at_charger(1, why, NOON)) == [fact]
    assert story.book.end_at_charger(1, why, NOON) == []


def test_it_may_speak_of_either_terms_so_both_stand() -> None:
    story = Story().make(1, evse_id=1)
    story.ask(1, evse_id=2, command="again")
    assert story.book.end_at_charger(1, "Removed", NOON) == []


def test_a_place_out_of_order_takes_its_reservation_along() -> None:
    story = Story().make(1, evse_id=1)
    story.make(2, evse_id=0, id_token=BOB)
    assert story.book.lose_place(2, "Faulted", NOON) == []
    assert story.book.lose_place(1, "Faulted", NOON - HOUR) == []
    assert story.book.lose_place(1, "Faulted", NOON) == [Lost(reservation_id=1, why="Faulted")]
    assert [fact.why for fact in story.book.lose_place(0, "Unavailable", NOON)] == ["Unavailable"] * 2  # type: ignore[attr-defined]
    asked = Story()
    asked.ask(1)
    assert asked.book.lose_place(1, "Faulted", NOON) == []


def test_memory_is_bounded() -> None:
    story = Story()
    for number in range(1, 3 * RECENT):
        story.make(number)
        transaction = f"transaction/acme/CP1/{number}"
        story.begin(EVE, transaction=f"{transaction}x")
        story.begin(ANN, transaction=transaction)
    book = story.book
    assert len(book.ended) == len(book.users) == len(book.noted) == RECENT
    assert max(book.ended) == 3 * RECENT - 1
    assert not book.open
    assert not book.strays
