"""Near matches: every typing error leads to the id that was meant, and nothing far away is shown."""

import random
import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.chargers.likeness import FARTHEST, NearMatch, Neighbourhood, Why, distance, one_edit_away

ALPHABET = "AB01-"
words = st.text(ALPHABET, min_size=1, max_size=7)


def brute(one: str, two: str) -> int:
    """The least number of edits, one after another, as the definition says; `FARTHEST + 1` where there are more."""
    reached = {one}
    for edits in range(FARTHEST + 1):
        if two in reached:
            return edits
        reached = set().union(*(one_edit_away(text, ALPHABET) for text in reached))
    return FARTHEST + 1


@given(one=st.text("AB01", max_size=5), two=st.text("AB01", max_size=5))
@example(one="01-", two="0-01")
@example(one="0-01", two="01-")
def test_the_distance_is_the_least_number_of_edits(one: str, two: str) -> None:
    assert distance(one, two) == brute(one, two)


@given(one=st.text("AB0", max_size=6), data=st.data())
def test_whatever_two_edits_make_is_at_most_two_away(one: str, data: st.DataObject) -> None:
    two = data.draw(st.sampled_from(sorted(one_edit_away(one, ALPHABET))))
    two = data.draw(st.sampled_from(sorted(one_edit_away(two, ALPHABET))))
    assert distance(one, two) <= FARTHEST
    assert distance(two, one) == distance(one, two)


@given(one=words, two=words)
def test_one_edit_is_what_the_distance_calls_so(one: str, two: str) -> None:
    assume(one != two)
    assert (two in one_edit_away(one, ALPHABET)) == (distance(one, two) == 1)


@given(meant=words, others=st.lists(words, max_size=8), data=st.data())
def test_whoever_made_two_errors_finds_what_he_meant(
    meant: str, others: list[str], data: st.DataObject
) -> None:
    entered = data.draw(st.sampled_from(sorted(one_edit_away(meant, ALPHABET))))
    entered = data.draw(st.sampled_from(sorted(one_edit_away(entered, ALPHABET))))
    ids = [meant, *others]
    found = Neighbourhood(ids).near(entered, most=99)
    near = {one for one in ids if one != entered and distance(entered, one) <= FARTHEST}
    assert near <= {one.cpid for one in found}
    assert meant in near or entered == meant
    for match in found:
        assert match.cpid in ids
        assert match.cpid != entered
        if match.why in (Why.ONE_EDIT, Why.TWO_EDITS):
            assert distance(entered, match.cpid) == (1 if match.why is Why.ONE_EDIT else 2)


@pytest.mark.parametrize(
    ("entered", "found"),
    [
        ("cp-OOl", [NearMatch("CP-001", Why.LOOK_ALIKE)]),
        ("CP001", [NearMatch("CP-001", Why.LOOK_ALIKE)]),
        ("ZJBENY-CP001", [NearMatch("CP-001", Why.PREFIX)]),
        ("Gate7", [NearMatch("Yard-Gate7", Why.PREFIX)]),
        ("CP-01", [NearMatch("CP-001", Why.ONE_EDIT)]),
        ("PC-01", [NearMatch("CP-001", Why.TWO_EDITS)]),
        ("CP-001", []),
        ("anything", []),
    ],
)
def test_what_was_meant(entered: str, found: list[NearMatch]) -> None:
    assert Neighbourhood(["CP-001", "Yard-Gate7"]).near(entered) == found


def test_no_more_are_shown_than_asked_for_and_the_best_first() -> None:
    ids = [f"CP-{n:04}" for n in range(10_000)]
    found = Neighbourhood(ids).near("CP-O123", most=3)
    assert found[0] == NearMatch("CP-0123", Why.LOOK_ALIKE)
    assert len(found) == 3


@pytest.mark.parametrize("digits", ["0123456789", "0123456789ABCDEF"])
def test_ten_thousand_chargers_and_twenty_strangers_take_a_moment(digits: str) -> None:
    source = random.Random(7)

    def serial() -> str:
        return "".join(source.choice(digits) for _ in range(12))

    ids = [serial() for _ in range(10_000)]
    strangers = [serial() for _ in range(20)]
    began = time.process_time()
    neighbourhood = Neighbourhood(ids)
    for one in strangers:
        neighbourhood.near(one)
    assert time.process_time() - began < 2.0  # a tenth of it in practice; machines of tests are busy
