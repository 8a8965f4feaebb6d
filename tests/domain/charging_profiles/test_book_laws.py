"""Laws of a charger's book of profiles, whatever is wanted, answered, refused, unheard of or ended."""

import msgspec
import pytest
from hypothesis import given, settings

from domain.charging_profiles.book import Ack, Book, Criteria
from domain.charging_profiles.events import Installed, Wanted
from domain.charging_profiles.next_step import Clear, Install, next_step
from domain.charging_profiles.profile import Placed, Purpose
from tests.domain.charging_profiles.lives import STREAM, Move, World, lived, placement, stories, wishes
from tests.domain.charging_profiles.worlds import NOON

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
    for number, one in holds.items():
        assert number in wanted or _in_doubt(one, refused)
    in_force = [one for one in world.book.in_force if not _in_doubt(one, refused)]
    assert {one.profile.profile_id: one.profile for one in in_force} == {
        number: one.profile for number, one in holds.items() if not _in_doubt(one, refused)
    }
    world.tell(world.book.withdraw(Criteria()))
    world.settle()
    assert holds.keys() & world.charger.holds.keys() == set()
    assert world.book.held == {}


def _in_doubt(one: Placed, refused: dict[tuple[Purpose, int, int], int]) -> bool:
    """A refusal may follow on an installation whose answer was lost: only clearing it makes sure."""
    return one.profile.profile_id in refused.values() or one.slot in refused


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
        wish = placement(purpose, number, 0, 1, 16, None)
        world.tell(world.book.want(wish.profile, wish.evse_id))
    asked = []
    while (step := next_step(world.book, NOON, world.ready)) is not None:
        assert isinstance(step, Install)
        asked.append(step.profile.purpose)
        world.take(step, "heard")
    assert asked == list(reversed(purposes))


def test_an_old_limit_stays_while_its_heir_is_on_the_way_or_refused() -> None:
    world = World(replaces=True)
    old, heir = (placement(Purpose.TX_DEFAULT, n, 0, 0, 16, None) for n in (1, 2))
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
            wish = placement(Purpose.TX_DEFAULT, number, level, 1, 16, None)
            world.tell(world.book.want(wish.profile, 1))
        world.settle()
        assert {n: one.profile.stack_level for n, one in world.charger.holds.items()} == levels


def test_what_an_unheard_one_may_have_displaced_is_installed_anew() -> None:
    world = World(replaces=True)
    first, second = (placement(Purpose.TX_DEFAULT, n, 0, 0, 16, None) for n in (1, 2))
    world.tell(world.book.want(first.profile, 0))
    world.settle()
    world.tell(world.book.want(second.profile, 0))
    world.move("step", "unheard")
    world.tell(world.book.want(first.profile, 0))
    assert world.book.in_force == []
    world.settle()
    assert set(world.charger.holds) == {1}


def test_an_unheard_one_that_changed_its_place_is_cleared_wherever_it_is() -> None:
    world = World(replaces=True)
    low, high, heir = (
        placement(Purpose.CHARGER_MAX, n, level, 0, 6, None) for n, level in ((2, 0), (2, 1), (1, 0))
    )
    world.tell(world.book.want(low.profile, 0))
    world.settle()
    world.tell(world.book.want(high.profile, 0))
    world.move("step", "unheard")
    world.tell(world.book.want(heir.profile, 0))
    world.tell(world.book.withdraw(Criteria(profile_id=2)))
    world.settle()
    assert set(world.charger.holds) == {1}


def test_those_that_rest_are_left_alone() -> None:
    world = World(replaces=True)
    wish = placement(Purpose.TX_DEFAULT, 1, 0, 1, 16, None)
    world.tell(world.book.want(wish.profile, 1))
    resting = msgspec.structs.replace(world.ready, resting=frozenset({1}))
    assert next_step(world.book, NOON, resting) is None
    assert [type(event.fact) for event in world.log] == [Wanted]


@pytest.mark.parametrize("replaces", [True, False])
def test_what_was_sent_without_being_wanted_stays_until_it_is_wanted_gone(replaces: bool) -> None:
    world = World(replaces=replaces)
    plain, wish = (placement(Purpose.TX_DEFAULT, n, n, 1, 16, None) for n in (1, 2))
    world.tell(world.book.install(plain.profile, 1, "c1", plain=True))
    world.tell(world.book.want(wish.profile, 1))
    assert next_step(world.book, NOON, world.ready) == Install(wish.profile, 1)
    world.tell(world.book.install(wish.profile, 1, "c2"))
    assert next_step(world.book, NOON, world.ready) is None
    assert world.book.matching(Criteria(evse_id=1)) == [2, 1]
    world.tell(world.book.withdraw(Criteria(profile_id=1)))
    assert next_step(world.book, NOON, world.ready) == Clear(1, 1)


def test_what_was_sent_without_being_wanted_gives_way_to_what_is() -> None:
    world = World(replaces=False)
    plain, wish = (placement(Purpose.TX_DEFAULT, n, 0, 1, 16, None) for n in (1, 2))
    world.tell(world.book.install(plain.profile, 1, "c1", plain=True))
    world.tell(world.book.want(wish.profile, 1))
    assert next_step(world.book, NOON, world.ready) == Clear(1, 1)


def test_a_wanted_profile_that_is_sent_by_hand_as_well_is_wanted_all_the_same() -> None:
    world = World(replaces=True)
    wish = placement(Purpose.TX_DEFAULT, 1, 0, 1, 16, None)
    world.tell(world.book.want(wish.profile, 1))
    world.tell(world.book.install(wish.profile, 1, "c1", plain=True))
    assert not world.book.held[1].plain
    world.tell(world.book.withdraw(Criteria(profile_id=1)))
    assert next_step(world.book, NOON, world.ready) == Clear(1, 1)


def test_what_the_charger_cannot_drop_is_asked_for_once_more_only_when_somebody_wants_it_gone() -> None:
    world = World(replaces=True)
    wish = placement(Purpose.TX_DEFAULT, 1, 0, 1, 16, None)
    world.tell(world.book.want(wish.profile, 1))
    world.tell(world.book.install(wish.profile, 1, "c1"))
    world.tell(world.book.withdraw(Criteria(profile_id=1)))
    world.tell(world.book.keep([1], "NotSupported", command="c2"))
    assert world.book.keep([1, 9], "NotSupported") == [], "said once, and of what it holds"
    assert next_step(world.book, NOON, world.ready) is None
    assert world.book.in_force, "it counts all the same"
    world.tell(world.book.withdraw(Criteria(profile_id=1)))
    assert next_step(world.book, NOON, world.ready) == Clear(1, 1)
