"""Laws of a charger's book of profiles, whatever is wanted, answered, refused, unheard of or ended."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.charging_profiles.book import Ack, Book, Criteria
from domain.charging_profiles.events import Installed, Origin, Wanted
from domain.charging_profiles.next_step import Clear, Install, Ready, Step, next_step
from domain.charging_profiles.profile import (
    ChargingProfile,
    Kind,
    Period,
    Placed,
    Purpose,
    Schedule,
    Unit,
)
from domain.event import Event, Fact, Told, events_of
from tests.domain.charging_profiles.worlds import NOON

Move: TypeAlias = tuple[str, Any]
STREAM = "charging-profiles/acme/CP1"


def profile(number: int, purpose: Purpose, level: int, limit: int, ends_min: int | None) -> ChargingProfile:
    return ChargingProfile(
        profile_id=number,
        stack_level=level,
        purpose=purpose,
        kind=Kind.ABSOLUTE,
        schedules=(Schedule(unit=Unit.A, periods=(Period(start_s=0, limit=Decimal(limit)),), start_at=NOON),),
        valid_to=None if ends_min is None else NOON + timedelta(minutes=ends_min),
        transaction="1" if purpose is Purpose.TX else "",
    )


def _placed(purpose: Purpose, number: int, level: int, evse_id: int, limit: int, ends: int | None) -> Placed:
    evse_id = {Purpose.CHARGER_MAX: 0, Purpose.TX: max(1, evse_id)}.get(purpose, evse_id)
    return Placed(profile=profile(number, purpose, level, limit, ends), evse_id=evse_id)


wishes = st.builds(
    _placed,
    st.sampled_from((Purpose.CHARGER_MAX, Purpose.TX_DEFAULT, Purpose.TX_DEFAULT, Purpose.TX)),
    st.integers(1, 4),
    st.integers(0, 1),
    st.integers(0, 2),
    st.sampled_from((6, 16)),
    st.sampled_from((None, None, None, 3, 30)),
)
criteria = st.builds(
    Criteria,
    profile_id=st.one_of(st.none(), st.integers(1, 4)),
    evse_id=st.one_of(st.none(), st.integers(0, 2)),
    purpose=st.sampled_from((None, Purpose.TX, Purpose.TX_DEFAULT)),
)
moves: st.SearchStrategy[Move] = st.one_of(
    st.tuples(st.just("want"), wishes),
    st.tuples(st.just("want"), wishes),
    st.tuples(st.just("withdraw"), criteria),
    st.tuples(st.just("step"), st.sampled_from(("heard", "heard", "heard", "unsent", "unheard", "refused"))),
    st.tuples(st.just("step"), st.just("heard")),
    st.tuples(st.just("transaction"), st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 5)),
    st.tuples(st.just("wipe"), st.integers(1, 4)),
)


class Charger:
    """A charger by the book: 1.6 replaces, 2.x refuses what it would have to replace."""

    def __init__(self, *, replaces: bool) -> None:
        self.replaces = replaces
        self.holds: dict[int, Placed] = {}

    def set(self, placed: Placed) -> bool:
        number = placed.profile.profile_id
        others = [n for n, one in self.holds.items() if n != number and one.slot == placed.slot]
        if others and not self.replaces:
            return False
        for other in others:
            del self.holds[other]
        self.holds[number] = placed
        return True

    def end_transaction(self) -> None:
        self.holds = {n: one for n, one in self.holds.items() if one.profile.purpose is not Purpose.TX}


class World:
    """A charger, its book, and what is said between them."""

    def __init__(self, *, replaces: bool) -> None:
        self.charger = Charger(replaces=replaces)
        self.book = Book(STREAM)
        self.log: list[Event[Fact]] = []
        self.open: dict[int, str] = {1: "1", 2: "1"}
        self.now = NOON
        self.clashes = 0

    @property
    def ready(self) -> Ready:
        return Ready(open_transactions=self.open, replaces=self.charger.replaces)

    def tell(self, facts: Sequence[Fact]) -> None:
        for event in events_of(STREAM, self.book.version, facts, Told(recorded_at=self.now)):
            self.book.when(event)
            self.log.append(event)

    def move(self, kind: str, what: Any) -> None:
        match kind:
            case "want":
                if what.profile.purpose is not Purpose.TX or self.open:
                    self.tell(self.book.want(what.profile, what.evse_id, Origin.DLM))
            case "withdraw":
                self.tell(self.book.withdraw(what))
            case "step":
                step = next_step(self.book, self.now, self.ready)
                if step is not None:
                    self.take(step, what)
            case "transaction":
                self.open = {1: "1", 2: "1"} if what else {}
                if not what:
                    self.charger.end_transaction()
            case "wait":
                self.now += timedelta(minutes=what)
            case "wipe":
                self.charger.holds.pop(what, None)
                self.tell(self.book.gone([what]))
        self.tell(self.book.lapse(self.now, self.open))

    def take(self, step: Step, outcome: str) -> None:
        """One step: `unsent` is lost on the way there, `unheard` on the way back."""
        if outcome == "unsent":
            return
        if isinstance(step, Clear):
            self.charger.holds.pop(step.profile_id, None)
            if outcome != "unheard":
                self.tell(self.book.gone([step.profile_id], "c1"))
            return
        placed = Placed(profile=step.profile, evse_id=step.evse_id)
        taken = outcome != "refused" and self.charger.set(placed)
        self.clashes += outcome != "refused" and not taken
        if outcome == "unheard":
            return
        if taken:
            self.tell(self.book.install(step.profile, step.evse_id, "c1"))
        else:
            self.tell(self.book.refuse(step.profile, step.evse_id, "Rejected", "no", "c1"))

    def settle(self) -> int:
        """Answer every step well; how many there were."""
        for count in range(40):
            step = next_step(self.book, self.now, self.ready)
            if step is None:
                return count
            self.take(step, "heard")
        raise AssertionError(f"it never ends: {step}")


def lived(story: Sequence[Move], *, replaces: bool) -> World:
    world = World(replaces=replaces)
    for kind, what in story:
        world.move(kind, what)
    return world


stories = st.lists(moves, max_size=25)
either = pytest.mark.parametrize("replaces", [True, False])


@either
@settings(max_examples=200, deadline=None)
@given(stories)
def test_whatever_happened_the_charger_comes_to_hold_what_is_wanted(
    replaces: bool, story: list[Move]
) -> None:
    world = lived(story, replaces=replaces)
    world.settle()
    wanted = {n: one.placed for n, one in world.book.wanted.items() if one.ack is not Ack.REFUSED}
    refused = {one.placed.slot: n for n, one in world.book.wanted.items() if one.ack is Ack.REFUSED}
    holds = world.charger.holds
    assert {n: one for n, one in holds.items() if n in wanted} == wanted
    for number, placed in holds.items():
        assert number in wanted or number in refused.values() or placed.slot in refused
    in_force = [one for one in world.book.in_force if not _in_doubt(one, refused)]
    assert {one.profile.profile_id: one.profile for one in in_force} == {
        number: one.profile for number, one in holds.items() if not _in_doubt(one, refused)
    }
    world.tell(world.book.withdraw(Criteria()))
    world.settle()
    assert holds.keys() & world.charger.holds.keys() == set()
    assert world.book.held == {}


def _in_doubt(placed: Placed, refused: dict[tuple[Purpose, int, int], int]) -> bool:
    """A refusal may follow on an installation whose answer was lost: only clearing it makes sure."""
    return placed.profile.profile_id in refused.values() or placed.slot in refused


@either
@settings(max_examples=80, deadline=None)
@given(stories)
def test_one_wanted_of_an_id_and_of_a_slot_and_what_counts_as_installed_is_held(
    replaces: bool, story: list[Move]
) -> None:
    world = World(replaces=replaces)
    for kind, what in story:
        world.move(kind, what)
        entries = world.book.wanted
        assert all(number == one.placed.profile.profile_id for number, one in entries.items())
        assert len({one.placed.slot for one in entries.values()}) == len(entries)
        for number, one in entries.items():
            held = world.book.held.get(number)
            if one.ack is Ack.INSTALLED:
                assert held is not None
                assert held.sure
                assert held.placed.profile == one.placed.profile
        if not world.open:
            assert all(one.placed.profile.purpose is not Purpose.TX for one in entries.values())


@settings(max_examples=80, deadline=None)
@given(stories)
def test_a_2_x_charger_is_never_sent_what_it_would_have_to_replace(story: list[Move]) -> None:
    world = lived(story, replaces=False)
    world.settle()
    assert world.clashes == 0


@either
@settings(max_examples=80, deadline=None)
@given(stories)
def test_no_txprofile_is_installed_after_its_transaction(replaces: bool, story: list[Move]) -> None:
    world = lived(story, replaces=replaces)
    world.open = {}
    before = len(world.log)
    world.settle()
    assert not any(
        isinstance(event.fact, Installed) and event.fact.profile.purpose is Purpose.TX
        for event in world.log[before:]
    )


@either
@settings(max_examples=60, deadline=None)
@given(stories)
def test_replay_is_the_live_state_and_every_fact_reads_back(replaces: bool, story: list[Move]) -> None:
    world = lived(story, replaces=replaces)
    replayed = Book(STREAM)
    for event in world.log:
        stored = msgspec.json.encode(event.fact)
        fact = msgspec.json.decode(stored, type=type(event.fact))
        assert fact == event.fact
        replayed.when(msgspec.structs.replace(event, fact=fact))
    assert replayed == world.book


@either
@settings(max_examples=60, deadline=None)
@given(stories, wishes)
def test_saying_it_twice_says_it_once(replaces: bool, story: list[Move], wish: Placed) -> None:
    world = lived(story, replaces=replaces)
    for _ in range(2):
        world.tell(world.book.want(wish.profile, wish.evse_id))
    assert world.book.want(wish.profile, wish.evse_id) == []
    world.tell(world.book.install(wish.profile, wish.evse_id))
    assert world.book.install(wish.profile, wish.evse_id) == []
    assert world.book.refuse(wish.profile, wish.evse_id, "Rejected") == []
    world.tell(world.book.withdraw(Criteria()))
    assert world.book.withdraw(Criteria()) == []
    assert world.book.wanted == {}


def test_what_protects_the_site_is_installed_first() -> None:
    world = World(replaces=True)
    purposes = (Purpose.TX, Purpose.TX_DEFAULT, Purpose.CHARGER_MAX)
    for number, purpose in enumerate(purposes, start=1):
        placed = _placed(purpose, number, 0, 1, 16, None)
        world.tell(world.book.want(placed.profile, placed.evse_id))
    asked = []
    while (step := next_step(world.book, NOON, world.ready)) is not None:
        assert isinstance(step, Install)
        asked.append(step.profile.purpose)
        world.take(step, "heard")
    assert asked == list(reversed(purposes))


def test_an_old_limit_stays_while_its_heir_is_on_the_way_or_refused() -> None:
    world = World(replaces=True)
    old, heir = (_placed(Purpose.TX_DEFAULT, n, 0, 0, 16, None) for n in (1, 2))
    world.tell(world.book.want(old.profile, 0))
    world.settle()
    world.tell(world.book.want(heir.profile, 0))
    assert next_step(world.book, NOON, world.ready) == Install(heir.profile, 0)
    world.move("step", "refused")
    assert next_step(world.book, NOON, world.ready) is None
    assert set(world.charger.holds) == {1}
    world.tell(world.book.withdraw(Criteria(profile_id=2)))
    assert next_step(world.book, NOON, world.ready) == Clear(1, 0)


def test_two_profiles_change_places_at_a_charger_that_does_not_replace() -> None:
    world = World(replaces=False)
    for levels in ({1: 0, 2: 1}, {1: 1, 2: 0}):
        for number, level in levels.items():
            placed = _placed(Purpose.TX_DEFAULT, number, level, 1, 16, None)
            world.tell(world.book.want(placed.profile, 1))
        world.settle()
        assert {n: one.profile.stack_level for n, one in world.charger.holds.items()} == levels


def test_what_an_unheard_one_may_have_displaced_is_installed_anew() -> None:
    world = World(replaces=True)
    first, second = (_placed(Purpose.TX_DEFAULT, n, 0, 0, 16, None) for n in (1, 2))
    world.tell(world.book.want(first.profile, 0))
    world.settle()
    world.tell(world.book.want(second.profile, 0))
    world.move("step", "unheard")
    world.tell(world.book.want(first.profile, 0))
    assert world.book.in_force == []
    world.settle()
    assert set(world.charger.holds) == {1}


def test_those_that_rest_are_left_alone() -> None:
    world = World(replaces=True)
    placed = _placed(Purpose.TX_DEFAULT, 1, 0, 1, 16, None)
    world.tell(world.book.want(placed.profile, 1))
    resting = msgspec.structs.replace(world.ready, resting=frozenset({1}))
    assert next_step(world.book, NOON, resting) is None
    assert [type(event.fact) for event in world.log] == [Wanted]
