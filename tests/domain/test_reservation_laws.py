"""Exclusivity: whatever is asked, answered, lost, late or repeated, no place is promised to two.

The charger of this test is naive: it agrees to any request without looking whether the place is free, and uses,
drops and forgets reservations as it likes. What it holds never clashes all the same, for the book alone
decides what it is asked.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
)

from domain.event import Event, Fact, Told, events_of
from domain.identity import ChargerId, IdToken
from domain.reservations.events import Cancelled, Expired, Lost, Refused, Used
from domain.reservations.refusals import ReservationRefused
from domain.reservations.reservation import Beginning, Terms
from domain.reservations.reservation_book import ReservationBook
from domain.reservations.room import Premises

EVSES = 2
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CHARGER = ChargerId.of("acme", "CP1")
TOKENS = {"ann": "", "bob": "family", "eve": "family", "dan": ""}

places = st.integers(0, EVSES)
tokens = st.sampled_from(sorted(TOKENS))
numbers = st.integers(1, 9)


class Asked(msgspec.Struct, frozen=True):
    """A command on its way: terms for ReserveNow, None for CancelReservation."""

    command: str
    reservation_id: int
    terms: Terms | None


class Reserving(RuleBasedStateMachine):
    """Operators, a naive charger that reads one command after another, drivers, and time."""

    answers: Bundle[tuple[Asked, bool | None]] = Bundle("answers")
    """What the charger said to a command; None: it never got it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.book = ReservationBook(CHARGER)
        self.log: list[Event[Fact]] = []
        self.queue: list[Asked] = []
        self.in_flight: tuple[Asked, bool | None] | None = None
        self.held: dict[int, Terms] = {}
        self.statuses: dict[int, str] = {}
        self.n = 0

    def take(self, facts: list[Fact]) -> None:
        events = events_of(
            self.book.stream, self.book.version, facts, Told(recorded_at=self.now, actor="user:ann")
        )
        for event in events:
            self.book.when(event)
        self.log += events

    def fresh(self, name: str) -> str:
        self.n += 1
        return f"{name}{self.n}"

    # What operators want.

    @rule(number=numbers, evse_id=places, who=tokens, minutes=st.integers(0, 60), counted=st.booleans())
    def somebody_asks(self, number: int, evse_id: int, who: str, minutes: int, counted: bool) -> None:
        terms = Terms(
            evse_id=evse_id,
            id_token=IdToken(who),
            group=TOKENS[who],
            expires_at=self.now + timedelta(minutes=minutes),
        )
        command = self.fresh("reserve")
        premises = Premises(evses=EVSES if counted else None, any_place=True, statuses=dict(self.statuses))
        before = msgspec.json.encode(self.book)
        try:
            facts = self.book.request(number, terms, command, self.now, premises)
        except ReservationRefused:
            assert msgspec.json.encode(self.book) == before
            return
        self.take(facts)
        self.queue.append(Asked(command, number, terms))
        assert self.book.request(number, terms, command, self.now, premises) == []

    @precondition(lambda self: self.book.open)
    @rule(choice=st.integers(0, EVSES), evse_id=places, minutes=st.integers(1, 60))
    def somebody_changes_one(self, choice: int, evse_id: int, minutes: int) -> None:
        number = sorted(self.book.open)[choice % len(self.book.open)]
        who = self.book.open[number].claims[0].terms.id_token.value
        self.somebody_asks(number, evse_id, who, minutes, counted=True)

    @rule(number=numbers)
    def somebody_cancels(self, number: int) -> None:
        command = self.fresh("cancel")
        try:
            facts = self.book.cancel(number, command)
        except ReservationRefused:
            return
        self.take(facts)
        if facts:
            self.queue.append(Asked(command, number, None))

    # One command after another reaches the charger, or does not.

    @precondition(lambda self: self.in_flight is None and self.queue)
    @rule(agrees=st.booleans(), arrives=st.integers(0, 5))
    def the_next_command_leaves(self, agrees: bool, arrives: int) -> None:
        asked = self.queue.pop(0)
        if not arrives:
            self.in_flight = (asked, None)
        elif asked.terms is None:
            self.in_flight = (asked, self.held.pop(asked.reservation_id, None) is not None)
        else:
            if agrees and asked.terms.expires_at > self.now:  # what is over on arrival holds no place
                self.held[asked.reservation_id] = asked.terms
            self.in_flight = (asked, agrees)

    @precondition(lambda self: self.in_flight is not None and self.in_flight[1] is not None)
    @rule(target=answers)
    def its_answer_comes(self) -> tuple[Asked, bool | None]:
        assert self.in_flight is not None
        answer, self.in_flight = self.in_flight, None
        self.settle(*answer)
        return answer

    @precondition(lambda self: self.in_flight is not None)
    @rule(target=answers, surely=st.booleans())
    def no_answer_comes(self, surely: bool) -> tuple[Asked, bool | None]:
        """It never left, or nobody knows; the answer may come late, if there is one."""
        assert self.in_flight is not None
        answer, self.in_flight = self.in_flight, None
        asked, said = answer
        if said is None and surely:
            self.settle(*answer)
        elif asked.terms is None:
            self.take(self.book.fail_cancellation(asked.command, "timed out"))
        else:
            self.take(self.book.lose_sight(asked.command))
        return answer

    @rule(answer=answers)
    def an_answer_comes_late_or_again(self, answer: tuple[Asked, bool | None]) -> None:
        self.settle(*answer)

    @rule(answer=consumes(answers))
    def an_outcome_is_told_again(self, answer: tuple[Asked, bool | None]) -> None:
        asked, _ = answer
        self.take(self.book.lose_sight(asked.command))
        self.take(self.book.fail_cancellation(asked.command, "told again"))

    def settle(self, asked: Asked, said: bool | None) -> None:
        book, command = self.book, asked.command
        if said is None:
            facts = (
                book.refuse(command, "NotSent") if asked.terms else book.fail_cancellation(command, "NotSent")
            )
        elif asked.terms is None:
            facts = book.confirm_cancellation(command) if said else book.refuse_cancellation(command)
        else:
            facts = book.confirm(command) if said else book.refuse(command, "Occupied")
        self.take(facts)

    # What happens at the charger.

    @rule(evse_id=st.integers(1, EVSES), who=tokens, names=st.booleans(), nonsense=st.none() | numbers)
    def a_driver_charges(self, evse_id: int, who: str, names: bool, nonsense: int | None) -> None:
        """The charger lets in whom it likes, and gives up the reservation that was the driver's."""
        terms = [
            (one.evse_id == 0, one.id_token.value != who, number)
            for number, one in self.held.items()
            if one.evse_id in (0, evse_id)
            and (one.id_token.value == who or (TOKENS[who] and one.group == TOKENS[who]))
        ]
        used = min(terms)[2] if terms else None
        if used is not None:
            del self.held[used]
        named = used if names else None
        if named is None and nonsense not in self.held and nonsense not in self.under_way():
            named = nonsense
        beginning = Beginning(
            transaction=self.fresh("transaction/acme/CP1/"),
            evse_id=evse_id,
            at=self.now,
            heard_at=self.now,
            id_token=IdToken(who.upper()),
            group=TOKENS[who].upper(),
            reservation_id=named,
        )
        self.take(self.book.used_by(beginning))
        assert self.book.used_by(beginning) == []

    @precondition(lambda self: self.book.open)
    @rule(
        choice=st.integers(0, EVSES), newest=st.booleans(), evse_id=st.integers(1, EVSES), names=st.booleans()
    )
    def a_reserved_driver_charges(self, choice: int, newest: bool, evse_id: int, names: bool) -> None:
        reservation = self.book.open[sorted(self.book.open)[choice % len(self.book.open)]]
        terms = reservation.claims[-1 if newest else 0].terms
        self.a_driver_charges(terms.evse_id or evse_id, terms.id_token.value, names, None)

    def under_way(self) -> set[int]:
        on_the_way = [*self.queue, *([self.in_flight[0]] if self.in_flight else [])]
        return {asked.reservation_id for asked in on_the_way}

    @rule(number=numbers)
    def it_drops_a_reservation(self, number: int) -> None:
        if self.held.pop(number, None) is not None:
            self.take(self.book.end_at_charger(number, "Removed", self.now))

    @rule(evse_id=places, status=st.sampled_from(["Faulted", "Unavailable", "Occupied", "Available"]))
    def a_status_changes(self, evse_id: int, status: str) -> None:
        self.statuses[evse_id] = status
        if status in ("Faulted", "Unavailable"):
            for number, terms in list(self.held.items()):
                if evse_id in (0, terms.evse_id):
                    del self.held[number]
            self.take(self.book.lose_place(evse_id, status, self.now))

    # Time.

    @rule(minutes=st.integers(1, 30), told=st.booleans(), swept=st.booleans())
    def time_passes(self, minutes: int, told: bool, swept: bool) -> None:
        self.now += timedelta(minutes=minutes)
        for number, terms in list(self.held.items()):
            if terms.expires_at <= self.now:
                del self.held[number]
                if told:
                    self.take(self.book.end_at_charger(number, "Expired", self.now))
        if swept:
            self.take(list(self.book.expire(self.now)))
            assert all(one.expires_at > self.now for one in self.book.open.values())

    @invariant()
    def no_place_is_promised_twice(self) -> None:
        """Neither in the book nor at the charger, and there are no more promises than places."""
        promised = Counter(evse for one in self.book.open.values() for evse in one.evses if evse)
        held = Counter(terms.evse_id for terms in self.held.values() if terms.evse_id)
        assert all(count == 1 for count in promised.values()), promised
        assert all(count == 1 for count in held.values()), held
        assert len(self.book.open) <= EVSES
        assert len(self.held) <= EVSES

    @invariant()
    def each_ends_once_at_most(self) -> None:
        over = [
            event.fact.reservation_id
            for event in self.log
            if isinstance(event.fact, Used | Expired | Cancelled | Lost)
            or (isinstance(event.fact, Refused) and not event.fact.stands)
        ]
        assert len(over) == len(set(over)), over
        assert set(over).isdisjoint(self.book.open)
        assert set(over) == set(self.book.ended)

    @invariant()
    def replay_is_the_live_state(self) -> None:
        replayed = ReservationBook(CHARGER)
        for event in self.log:
            fact = msgspec.json.decode(msgspec.json.encode(event.fact), type=type(event.fact))
            assert fact == event.fact
            replayed.when(msgspec.structs.replace(event, fact=fact))
        assert replayed == self.book


Reserving.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestReserving = Reserving.TestCase
